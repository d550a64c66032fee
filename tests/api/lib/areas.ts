// The examples of every area, by operationId.
import type { Case } from './cases.js';
import { content } from './areas_content.js';
import { identity } from './areas_identity.js';
import { people } from './areas_people.js';

export const areas: Record<string, Case> = { ...content, ...identity, ...people };
