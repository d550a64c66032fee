// The examples of every area, by operationId.
import type { Case } from './cases.js';
import { campaigns } from './areas_campaigns.js';
import { content } from './areas_content.js';
import { domains } from './areas_domains.js';
import { examples } from './areas_example.js';
import { identity } from './areas_identity.js';
import { imports } from './areas_imports.js';
import { mailboxes } from './areas_mailboxes.js';
import { messages } from './areas_messages.js';
import { people } from './areas_people.js';
import { problems } from './areas_problems.js';
import { providers } from './areas_providers.js';
import { records } from './areas_record.js';
import { returned } from './areas_returned_mail.js';
import { segments } from './areas_segments.js';
import { suppressions } from './areas_suppressions.js';
import { topics } from './areas_topics.js';

export const areas: Record<string, Case> = {
  ...campaigns, ...content, ...domains, ...examples, ...identity, ...imports, ...mailboxes, ...messages,
  ...people, ...problems, ...providers, ...records, ...returned, ...segments, ...suppressions, ...topics,
};
