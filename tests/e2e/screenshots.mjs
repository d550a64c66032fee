// Every screen as a picture: desktop and phone, light and dark.
import { join } from 'node:path';
import { ada, begin, call, openBrowser, openPage } from './browser.mjs';

const base = process.env['TIDINGS_URL'];
const folder = process.env['TIDINGS_SCREENSHOTS'];

async function enrich(page) {
  const sender = (await call(page, 'GET', '/senders')).items[0];
  const people = (await call(page, 'GET', '/contacts?limit=20&sort=name&has_address=email')).items;
  const [one, two] = people;
  await call(page, 'POST', '/messages', {
    contact_id: one.id, sender: sender.id, override_sender: true, subject: 'Your ticket A-17 for Saturday',
    text: 'See you on Saturday. Your ticket is attached.',
    attachments: [{ file_name: 'ticket-A-17.txt', content: btoa('Admit one. '.repeat(800)) }],
  });
  await call(page, 'POST', '/messages', {
    contact_id: two.id, kind: 'individual', sender: sender.id, override_sender: true,
    subject: 'About the rehearsal on Tuesday',
    text: 'Could you bring the folders? Thank you!',
  });
  const group = await call(page, 'POST', '/groups', { name: 'Concert committee' });
  await call(page, 'POST', `/groups/${group.id}/members`, { contact_ids: people.slice(0, 6).map(({ id }) => id) });
  await call(page, 'POST', '/relations', {
    from_id: one.id, to_id: two.id, name: 'guardian of', receives_messages: true,
  });
  await call(page, 'POST', `/contacts/${one.id}/activities`, {
    type: 'transaction', data: { what: 'Concert ticket', amount: 17.5 },
  });
  const draft = { sender_id: sender.id, subject: 'Rehearsals after the summer',
    html: '<p>Dear {{ contact.first_name }}, we begin on Tuesday. <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>' };
  const slow = await call(page, 'POST', '/campaigns', {
    name: 'Rehearsals', audience: { everybody: true }, draft, rate_per_second: 4,
  });
  await call(page, 'POST', `/campaigns/${slow.id}/start`, { override_sender: true, override_findings: true });
  const later = await call(page, 'POST', '/campaigns', { name: 'Advent concert', audience: { everybody: true },
    draft: { ...draft, subject: 'Advent concert: tickets' } });
  await call(page, 'POST', `/campaigns/${later.id}/schedule`, {
    at: '2027-11-20T09:00', time_zone: 'Europe/Amsterdam', override_sender: true, override_findings: true,
  });
  await call(page, 'POST', '/suppressions', { address: 'old.friend@example.net', note: 'Asked by telephone' });
  await call(page, 'POST', '/templates', { name: 'Newsletter', draft });
  await call(page, 'POST', '/topics', { name: 'Concerts', description: 'When and where we sing' });
  await call(page, 'POST', '/senders', { name: 'Ada Blythe', address: ada.email });
  await call(page, 'POST', '/tokens', { name: 'Ticket shop', scopes: ['messages:send'] });
  const domain = await call(page, 'POST', '/domains', { name: 'quayside.example.org' });
  await call(page, 'POST', '/messages', {
    to: 'Greta Yellow <deferred@example.org>', sender: sender.id, override_sender: true, subject: 'Your seat',
    text: 'Row 4, seat 12.',
  });
  const begun = await call(page, 'POST', '/campaigns', {
    audience: {
      groups: [group.id], contacts: people.slice(8, 12).map(({ id }) => id),
      addresses: ['press@harbour.example.org'], exclude: { contacts: [one.id] },
    },
    draft: {
      ...draft, subject: 'Concert on Saturday, {{ contact.first_name }}',
      html: '<div style="font: 16px/1.5 Georgia">\n  <p>Dear {{ contact.first_name | default: "friend" }},</p>\n'
        + '  <p>Doors open at seven.</p>\n'
        + '  <p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>\n</div>\n',
    },
  });
  const segment = await call(page, 'POST', '/segments', {
    name: 'Altos who owe something', description: 'For the treasurer, before each season.',
    rule: { type: 'all', rules: [
      { type: 'field', field: 'fields.section', operator: 'is', value: 'Alto' },
      { type: 'any', rules: [{ type: 'field', field: 'fields.fee_due', operator: 'not_empty' },
        { type: 'not', rule: { type: 'group', groups: [group.id] } }] },
    ] },
  });
  const upload = (text) => page.evaluate(async (body) => (await fetch('/api/v1/imports?file_name=new-members.csv', {
    method: 'POST', headers: { 'Content-Type': 'text/csv' }, body,
  })).json(), text);
  const file = 'E-mail,Voornaam,Town,Shoe size\nnora@import.example.org,Nora,Whitby,39\nnot an address,Peter,,41\n';
  const mapped = await upload(file);
  const imported = await upload(file);
  await call(page, 'POST', `/imports/${imported.id}/start`);
  return {
    contact: one.id, other: two.id, slow: slow.id, group: group.id, segment: segment.id, mapped: mapped.id,
    imported: imported.id, domain: domain.id, draft: begun.id,
  };
}

const browser = await openBrowser();
const first = await openPage(browser, base);
const { page } = first;
await page.goto('/');
await page.waitForURL('**/welcome');
await page.getByLabel('Name of the organisation').waitFor();
await page.screenshot({ path: join(folder, 'welcome-desktop-light.png') });
await begin(page);
const made = await enrich(page);
const list = async (path) => (await call(page, 'GET', path)).items;
const sendOut = (await list('/send-outs?type=mailing&sort=at'))[0].id;
const sent = (await list(`/campaigns/${sendOut}/recipients?status=sent&limit=1`))[0].message_id;
const bounced = (await list(`/campaigns/${sendOut}/recipients?status=bounced&limit=1`))[0].message_id;
const state = await first.context.storageState();

const views = {
  overview: '/overview',
  'send-outs': '/communications',
  messages: '/communications/messages',
  'messages-filtered': '/communications/messages?status=bounced,skipped&period=30d',
  'messages-none': '/communications/messages?text=nobody.has.this',
  message: `/communications/messages/${sent}`,
  'message-headers': `/communications/messages/${sent}?view=headers`,
  'message-bounced': `/communications/messages/${bounced}`,
  'send-out': `/communications/send-outs/${sendOut}`,
  'send-out-running': `/communications/send-outs/${made.slow}`,
  recipients: `/communications/send-outs/${sendOut}?tab=recipients`,
  'compose-audience': `/compose/${made.draft}`,
  'compose-content': `/compose/${made.draft}/content`,
  'compose-check': `/compose/${made.draft}/check`,
  'compose-send': `/compose/${made.draft}/send`,
  contacts: '/contacts',
  contact: `/contacts/${made.contact}`,
  'contact-activities': `/contacts/${made.contact}?history=activities`,
  'contact-new': '/contacts/new',
  'contact-edit': `/contacts/${made.contact}/edit`,
  'contact-write': `/contacts/${made.other}/write`,
  'contact-merge': `/contacts/${made.contact}/merge?with=${made.other}`,
  duplicates: '/contacts/duplicates',
  groups: '/contacts/groups',
  group: `/contacts/groups/${made.group}`,
  segments: '/contacts/segments',
  segment: `/contacts/segments/${made.segment}`,
  'import-new': '/contacts/import',
  'import-columns': `/contacts/imports/${made.mapped}`,
  'import-result': `/contacts/imports/${made.imported}`,
  imports: '/contacts/imports',
  arrived: '/arrived?q=bounce@',
  problems: '/problems',
  'problem-address': `/problems/addresses/${(await list('/problems/addresses'))[0].id}`,
  'problem-send-outs': '/problems/send-outs',
  suppressions: '/problems/suppressions',
  'problem-domains': '/problems/domains',
  queue: '/problems/queue',
  returned: '/problems/returned',
  templates: '/templates',
  settings: '/settings',
  'settings-senders': '/settings/senders',
  'settings-mail-servers': '/settings/mail-servers',
  'settings-domains': '/settings/domains',
  'settings-domain': `/settings/domains/${made.domain}`,
  'settings-returned-mail': '/settings/returned-mail',
  'settings-topics': '/settings/topics',
  'settings-users': '/settings/users',
  'settings-tokens': '/settings/tokens',
  'settings-automations': '/settings/automations',
  'settings-alerts': '/settings/alerts',
  'settings-audit-log': '/settings/audit-log',
  you: '/you',
  'not-here': '/contacts/a/b',
};
const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const wanted = process.env['TIDINGS_VIEWS']?.split(',');
for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark']) {
    const shown = await openPage(browser, base, { storageState: state, viewport, colorScheme });
    for (const [name, path] of Object.entries(views)) {
      if (wanted && !wanted.includes(name)) continue;
      await shown.page.goto(path);
      await shown.page.waitForTimeout(700);
      await shown.page.screenshot({
        path: join(folder, `${name}-${size}-${colorScheme}.png`), fullPage: size === 'phone',
      });
    }
    await shown.context.close();
    const outside = await openPage(browser, base, { viewport, colorScheme });
    await outside.page.goto('/sign-in');
    await outside.page.getByRole('button', { name: 'Sign in' }).waitFor();
    await outside.page.screenshot({ path: join(folder, `sign-in-${size}-${colorScheme}.png`) });
    await outside.context.close();
    for (const trouble of shown.troubles) console.log(trouble);
  }
}
await browser.close();
