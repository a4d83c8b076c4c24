export { App } from './app.ts';
export type { AppOptions, CheckedOverrides, IncludeOptions, OverridePair } from './app-options.ts';
export { type Answer, answer, type AnswerOptions } from './content/answer.ts';
export { Content, EncodedBody, type ReplyBody } from './content/content.ts';
export type { ErrorsOptions } from './content/error-shape.ts';
export { events, type EventsOptions, type ServerSentEvent } from './content/events.ts';
export { lines } from './content/lines.ts';
export { problemDetails, type ProblemDetailsOptions } from './content/problem-details.ts';
export { redirect } from './content/redirect.ts';
export type { Sequence } from './content/sequence.ts';
export { bytes, html, text } from './content/text.ts';
export { Controller, type ControllerDecorator } from './decorators/controller.ts';
export { dependency, type Inputs, type InputValues } from './decorators/dependency.ts';
export type { InjectedTypeMismatch, Input } from './decorators/input.ts';
export {
  Body,
  Cookie,
  Ctx,
  Depends,
  type DependsOptions,
  File,
  type FileOptions,
  Form,
  Header,
  Path,
  Query,
  Scopes,
  Security,
  type SecurityOptions,
  type SecurityScopes,
  type TextInput,
  type TextOptions,
} from './decorators/inputs.ts';
export {
  type AnswersDecorator,
  Delete,
  Get,
  Head,
  OnError,
  Options,
  Patch,
  Post,
  Put,
  type Returns,
  Route,
  type RouteDecorator,
  type RouteDecorators,
} from './decorators/routes.ts';
export {
  Connection,
  type ConnectionMismatch,
  type Received,
  type Sendable,
  Socket,
  type SocketDecorator,
  type SocketOptions,
} from './decorators/socket.ts';
export type { StreamedBody } from './http/body-source.ts';
export type { Context } from './http/context.ts';
export type { ContextResponse } from './http/context-response.ts';
export {
  FrameworkError,
  type HeaderFields,
  HTTPException,
  type HTTPExceptionOptions,
  RequestValidationError,
  ResponseValidationError,
  type ValidationIssue,
} from './http/errors.ts';
export type { ErrorClass } from './http/error-handlers.ts';
export type { BackgroundTask } from './http/exchange.ts';
export type { FetchOptions } from './http/fetch-incoming.ts';
export type { Limits } from './http/limits.ts';
export type { Logger } from './http/log.ts';
export type { Middleware, Next } from './http/middleware.ts';
export { SocketClosedError, type SocketClosure, type SocketConnection } from './http/socket.ts';
export type { CookieOptions, ResponseCookies } from './http/response-cookies.ts';
export type {
  ResponseContent,
  ResponseDeclaration,
  ResponseDeclarations,
  ResponseExample,
  ResponseOption,
  Schema,
} from './content/declarations.ts';
export type {
  ControllerOptions,
  Lifetime,
  ListedDependency,
  ListStyle,
  MessageOption,
  RouteOptions,
} from './metadata/declarations.ts';
export type { Dependable, Dependency, DependencyOptions, SchemeDependency, ValueOf } from './metadata/dependable.ts';
export type { ChallengeParameters } from './metadata/scheme.ts';
export type { Class } from './metadata/store.ts';
export { DeclarationError, type Mistake, type MistakeCode } from './model/mistakes.ts';
export type { OperationIdOf } from './model/operation-id.ts';
export type { DocsOAuthOptions, DocsOptions } from './openapi/docs-page.ts';
export type { ProtectedResource } from './openapi/protected-resource.ts';
export type { OpenApiDocuments, OpenApiVersion } from './openapi/version.ts';
export type { Scope } from './plan/scope.ts';
export { anyOf } from './security/any-of.ts';
export { APIKeyCookie, APIKeyHeader, APIKeyQuery } from './security/api-key.ts';
export { HTTPBasic, type HTTPBasicCredentials, HTTPDigest } from './security/basic.ts';
export { type HTTPAuthorizationCredentials, HTTPBearer, OpenIdConnect } from './security/bearer.ts';
export { compareSecrets } from './security/compare.ts';
export {
  OAuth2,
  OAuth2AuthorizationCodeBearer,
  OAuth2ClientCredentialsBearer,
  OAuth2PasswordBearer,
} from './security/oauth2.ts';
export {
  OAuth2Error,
  type OAuth2ErrorCode,
  OAuth2PasswordRequestForm,
  OAuth2PasswordRequestFormStrict,
} from './security/password-form.ts';
export { type Credential, SecurityScheme, type SecuritySchemeOptions } from './security/scheme.ts';
// Types of an app's document, exported because package managers may hide the package that declares them.
export type {
  BaseParameterObject,
  CallbackObject,
  CallbacksObject,
  ComponentsObject,
  ContactObject,
  ContentObject,
  DiscriminatorObject,
  EncodingObject,
  EncodingPropertyObject,
  ExampleObject,
  ExamplesObject,
  ExternalDocumentationObject,
  HeaderObject,
  HeadersObject,
  InfoObject,
  LicenseObject,
  LinkObject,
  LinkParametersObject,
  LinksObject,
  MediaTypeObject,
  OAuthFlowObject,
  OAuthFlowsObject,
  OpenAPIObject,
  OperationObject,
  ParameterLocation,
  ParameterObject,
  ParameterStyle,
  PathItemObject,
  PathObject,
  PathsObject,
  ReferenceObject,
  RequestBodyObject,
  ResponseObject,
  ResponsesObject,
  SchemaObject,
  SchemaObjectType,
  SchemasObject,
  ScopesObject,
  SecurityRequirementObject,
  SecuritySchemeObject,
  SecuritySchemeType,
  ServerObject,
  ServerVariableObject,
  TagObject,
  XmlObject,
} from 'openapi3-ts/oas31';
export type { OpenAPIObject as OpenAPIObject30 } from 'openapi3-ts/oas30';
export type { OpenAPIObject as OpenAPIObject32 } from 'openapi3-ts/oas32';
