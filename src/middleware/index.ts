export { accessLog, type AccessLogEntry, type AccessLogOptions } from './access-log.ts';
export { compress, type CompressOptions } from './compress.ts';
export { cors, type CorsOptions } from './cors.ts';
export type { CorsOrigin, CorsOriginFunction } from './cors-origin.ts';
export { checkPreconditions, etag } from './etag.ts';
export { requestId, type RequestIdOptions } from './request-id.ts';
export { securityHeaders, type SecurityHeadersOptions } from './security-headers.ts';
