// Every view has its address here. What is behind `lazy` is loaded when it is first opened.
// src/edge/http/web_app.cc answers the first word of each with the application.
import { createBrowserRouter, Navigate, Outlet } from 'react-router';
import { FirstVisit } from '../features/session/FirstVisit';
import { NeedsSession } from '../features/session/NeedsSession';
import { SignIn } from '../features/session/SignIn';
import { BrokenScreen } from './BrokenScreen';
import { NotHere } from './NotHere';
import { Shell } from './Shell';

export const router = createBrowserRouter([
  {
    errorElement: <BrokenScreen />,
    hydrateFallbackElement: <span />,
    children: [
      { path: '/sign-in', element: <SignIn /> },
      { path: '/welcome', element: <FirstVisit /> },
      {
        element: <NeedsSession><Outlet /></NeedsSession>,
        children: [{ path: '/begin', lazy: () => import('../features/begin/Begin') }],
      },
      {
        element: <NeedsSession><Shell /></NeedsSession>,
        children: [
          { index: true, element: <Navigate to="/overview" replace /> },
          {
            errorElement: <BrokenScreen />,
            children: [
              { path: '/overview', lazy: () => import('../features/overview/Overview') },
              { path: '/compose/:id/:step?', lazy: () => import('../features/compose/Compose') },
              { path: '/communications', lazy: () => import('../features/communications/SendOuts') },
              {
                path: '/communications/messages',
                lazy: () => import('../features/communications/Messages'),
              },
              {
                path: '/communications/messages/:id',
                lazy: () => import('../features/message/MessagePage'),
              },
              {
                path: '/communications/send-outs/:id',
                lazy: () => import('../features/send_out/SendOutPage'),
              },
              { path: '/contacts', lazy: () => import('../features/contacts/Contacts') },
              { path: '/contacts/duplicates', lazy: () => import('../features/contacts/Duplicates') },
              { path: '/contacts/groups', lazy: () => import('../features/groups/Groups') },
              { path: '/contacts/groups/:id', lazy: () => import('../features/groups/GroupPage') },
              { path: '/contacts/segments', lazy: () => import('../features/segments/Segments') },
              { path: '/contacts/segments/:id', lazy: () => import('../features/segments/SegmentPage') },
              { path: '/contacts/import', lazy: () => import('../features/imports/NewImport') },
              { path: '/contacts/imports', lazy: () => import('../features/imports/Imports') },
              { path: '/contacts/imports/:id', lazy: () => import('../features/imports/ImportPage') },
              { path: '/contacts/new', lazy: () => import('../features/contacts/NewContact') },
              { path: '/contacts/:id', lazy: () => import('../features/contacts/ContactPage') },
              { path: '/contacts/:id/edit', lazy: () => import('../features/contacts/EditContact') },
              { path: '/contacts/:id/merge', lazy: () => import('../features/contacts/MergeContacts') },
              { path: '/contacts/:id/write', lazy: () => import('../features/write_to_one/WriteToOne') },
              { path: '/templates', lazy: () => import('../features/templates/Templates') },
              { path: '/templates/:id', lazy: () => import('../features/templates/TemplatePage') },
              { path: '/problems', lazy: () => import('../features/problems/Addresses') },
              { path: '/problems/addresses/:id', lazy: () => import('../features/problems/AddressPage') },
              { path: '/problems/send-outs', lazy: () => import('../features/problems/Campaigns') },
              { path: '/problems/suppressions', lazy: () => import('../features/problems/Suppressions') },
              { path: '/problems/domains', lazy: () => import('../features/problems/Domains') },
              { path: '/problems/queue', lazy: () => import('../features/problems/Queue') },
              { path: '/problems/returned', lazy: () => import('../features/problems/ReturnedMail') },
              { path: '/problems/returned/:id', lazy: () => import('../features/problems/ReturnedMailPage') },
              { path: '/settings', lazy: () => import('../features/settings/Organisation') },
              { path: '/settings/senders', lazy: () => import('../features/settings/Senders') },
              { path: '/settings/mail-servers', lazy: () => import('../features/settings/MailServers') },
              { path: '/settings/domains', lazy: () => import('../features/settings/Domains') },
              { path: '/settings/domains/:id', lazy: () => import('../features/domains/DomainPage') },
              { path: '/settings/returned-mail', lazy: () => import('../features/settings/ReturnedMail') },
              { path: '/settings/topics', lazy: () => import('../features/settings/Topics') },
              { path: '/settings/users', lazy: () => import('../features/settings/Users') },
              { path: '/settings/tokens', lazy: () => import('../features/settings/Tokens') },
              { path: '/settings/automations', lazy: () => import('../features/automations/Automations') },
              { path: '/settings/alerts', lazy: () => import('../features/alerts/Alerts') },
              { path: '/settings/audit-log', lazy: () => import('../features/audit/AuditLog') },
              { path: '/arrived', lazy: () => import('../features/arrival/Arrived') },
              { path: '/you', lazy: () => import('../features/account/Account') },
              { path: '*', element: <NotHere /> },
            ],
          },
        ],
      },
    ],
  },
]);
