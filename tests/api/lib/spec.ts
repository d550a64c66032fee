// spec/openapi.yaml as tests read it, and ajv's opinion of requests and answers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export interface Schema {
  [keyword: string]: unknown;
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  enum?: Json[];
  const?: Json;
  format?: string;
}
export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
}
export interface Operation {
  id: string;
  method: string;
  path: string; // "/contacts/{id}", below /api/v1
  permission: string;
  parameters: Parameter[];
  body: Record<string, Schema | undefined>; // by media type; empty: takes none
  bodyRequired: boolean;
  answers: Record<string, Record<string, Schema | undefined>>; // by status, by media type
}

interface Document {
  paths: Record<string, Record<string, Record<string, unknown>>>;
  components: Record<string, Record<string, unknown>>;
}

const here = process.env['TIDINGS_API_GENERATED'] ?? join(process.cwd(), 'generated');
export const document = JSON.parse(readFileSync(join(here, 'openapi.json'), 'utf8')) as Document;

function resolve<T>(value: T | { $ref: string }): T {
  const reference = (value as { $ref?: string }).$ref;
  if (reference === undefined) return value as T;
  const [, , kind, name] = reference.split('/');
  return document.components[kind ?? '']?.[name ?? ''] as T;
}

/** The schema that a reference names, or the schema itself. */
export function resolved(schema: Schema): Schema {
  return resolve<Schema>(schema as Schema);
}

type Content = Record<string, { schema?: Schema }>;
const media = (content: Content | undefined): Record<string, Schema | undefined> =>
  Object.fromEntries(Object.entries(content ?? {}).map(([type, told]) => [type, told.schema]));

export const operations: Operation[] = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, told]) => {
    const body = told['requestBody'] as { required?: boolean; content?: Content } | undefined;
    const answers = told['responses'] as Record<string, { content?: Content }>;
    return {
      id: told['operationId'] as string,
      method: method.toUpperCase(),
      path,
      permission: told['x-permission'] as string,
      parameters: ((told['parameters'] ?? []) as Parameter[]).map((each) => resolve(each)),
      body: media(body?.content),
      bodyRequired: body?.required ?? false,
      answers: Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, media(resolve(answer).content)]),
      ),
    };
  }),
);

export function operation(id: string): Operation {
  const found = operations.find((each) => each.id === id);
  if (!found) throw new Error(`the specification has no operation ${id}`);
  return found;
}

// ------------------------------------------------------------------------------------------- ajv
const ajv = new Ajv2020({ strict: false, allErrors: false });
const forms: Record<string, RegExp> = {
  id: /^[0-9a-hjkmnp-tv-z]{13}$/,
  'date-time': /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/,
  date: /^\d{4}-\d\d-\d\d$/,
};
for (const [name, form] of Object.entries(forms)) ajv.addFormat(name, form);
// What these allow is ours to say; the program checks them.
for (const name of ['email', 'uri', 'time-zone', 'locale']) ajv.addFormat(name, true);
ajv.addSchema({ $id: 'openapi', ...document });

const compiled = new Map<Schema, ValidateFunction>();
function rebased(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(rebased);
  if (schema === null || typeof schema !== 'object') return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) =>
      name === '$ref' ? [name, `openapi${String(value)}`] : [name, rebased(value)],
    ),
  );
}

/** What is wrong with `value`; an empty text when nothing is. */
export function wrong(schema: Schema, value: unknown): string {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = ajv.compile(rebased(schema) as object);
    compiled.set(schema, validate);
  }
  return validate(value) ? '' : ajv.errorsText(validate.errors);
}
