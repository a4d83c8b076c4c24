import type { Operation } from '../model/operation.ts';

/** Metadata of an app as a protected resource, for OAuth clients (RFC 9728 §2). */
export interface ProtectedResource {
  /** The resource's identifier: the URL under which clients reach the app. */
  readonly resource: string;
  /** The issuers whose tokens are accepted; unless set, those that the app's dependencies name. */
  readonly authorizationServers?: readonly string[];
  /** A page for developers. */
  readonly documentation?: string;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const NOWHERE = { protocol: '', origin: '', pathname: '', search: '' };

/** The path and the URL of the metadata (RFC 9728 §3.1); throws a TypeError for an invalid identifier. */
export function metadataLocation({ resource }: ProtectedResource): { readonly path: string; readonly url: string } {
  const { protocol, origin, pathname, search } = URL.canParse(resource) ? new URL(resource) : NOWHERE;
  // A path that contains variable syntax or an empty segment cannot be served literally.
  if (!/^https?:$/.test(protocol) || resource.includes('#') || /[:*]|\/\//.test(pathname)) {
    throw new TypeError(`protectedResource: '${resource}' is not the address of a protected resource (RFC 9728 §1.2)`);
  }
  const path = WELL_KNOWN + (pathname === '/' ? '' : pathname);
  return { path, url: origin + path + search };
}

/** The metadata document; its scopes are those that the operations require. */
export function describeResource(
  { resource, authorizationServers, documentation }: ProtectedResource,
  name: string,
  operations: readonly Operation[],
): Record<string, unknown> {
  const issuers = operations.flatMap(({ traits }) => traits.flatMap(({ issuer }) => issuer ?? []));
  const required = operations.flatMap(({ security }) => security.flat().flatMap(({ scopes }) => scopes));
  return {
    resource,
    authorization_servers: unlessEmpty(authorizationServers ?? [...new Set(issuers)]),
    scopes_supported: unlessEmpty([...new Set(required)].toSorted()),
    bearer_methods_supported: ['header'],
    resource_name: name,
    resource_documentation: documentation,
  };
}

/** Empty lists are left out (RFC 9728 §3.2). */
function unlessEmpty(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}
