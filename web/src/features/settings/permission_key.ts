import type { Permission } from '../session/session';

type Key<Word> = Word extends `${infer Thing}:${infer What}` ? `${Thing}_${What}` : never;

/** As a key of the catalogue: "contacts:read" is contacts_read. */
export function permissionKey(permission: Permission): Key<Permission> {
  return permission.replace(':', '_') as Key<Permission>;
}
