// They are found where they are installed: beside the copy of this file.
export { createClient } from '@hey-api/openapi-ts';
export { astToString, default as openapiTypes } from 'openapi-typescript';
export { generate } from 'orval';
export { default as ts } from 'typescript';
