import { expect, it } from 'vitest';
import { formOf, urlOf } from './mail_server_url';

it('writes what was filled in and reads it back', () => {
  for (const url of ['smtp://news%40club.example@mail.club.example:587', 'smtps://mail.club.example:465', 'mx:', 'sandbox:']) {
    const form = formOf(url);
    expect(form).not.toBeNull();
    expect(form && urlOf(form)).toBe(url);
  }
  expect(formOf('smtp://news%40club.example@mail.club.example:587')?.user).toBe('news@club.example');
});

it('leaves a URL with options to be edited as it is', () => {
  expect(formOf('smtp://mail.club.example:25?tls=none')).toBeNull();
});
