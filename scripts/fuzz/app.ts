import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  anyOf,
  APIKeyCookie,
  APIKeyHeader,
  APIKeyQuery,
  App,
  Body,
  bytes,
  Connection,
  type Context,
  Controller,
  Cookie,
  Ctx,
  Delete,
  dependency,
  Depends,
  events,
  Form,
  Get,
  Header,
  HTTPBasic,
  type HTTPBasicCredentials,
  HTTPDigest,
  HTTPException,
  lines,
  type Logger,
  OAuth2PasswordBearer,
  OAuth2PasswordRequestForm,
  Path,
  Post,
  Put,
  Query,
  Security,
  Socket,
  type SocketConnection,
  text,
} from 'portico';
import { file, fileIn, staticFiles } from 'portico/files';
import { type AccessToken, jwtBearer, type JwtIssuer } from 'portico/jwt';
import { accessLog, compress, cors, etag, requestId, securityHeaders } from 'portico/middleware';
import { testTokens } from 'portico/testing';
import { z } from 'zod';

/** What no file of the served folder contains. */
export const OUTSIDE = '\x07\x06\x05';
/** Bytes of a message that the sockets accept. */
export const LARGEST_MESSAGE = 2_000;

const bearer = new OAuth2PasswordBearer({ tokenUrl: 'token' });
const basic = new HTTPBasic();

const known = dependency({ token: Depends(bearer) }, ({ token }) => {
  if (token !== 'good') throw new HTTPException(401, 'Unknown token');
  return token;
});
const user = dependency({ credentials: Depends(basic) }, ({ credentials }) => {
  if (credentials.password !== 'good') throw new HTTPException(401, 'Unknown user');
  return credentials;
});

@Controller()
class InputController {
  @Get('/items/:id') item(@Path('id', z.int()) id: number) {
    return { id };
  }
  @Delete('/items/:id', { status: 204 }) remove(@Path('id', z.int()) _id: number) {}
  @Get('/rest/*path') rest(@Path('path') path: string) {
    return { path };
  }
  @Get('/query') query(@Query(z.looseObject({})) query: Record<string, unknown>) {
    return query;
  }
  @Get('/values') values(
    @Query('n', z.int().optional()) n: number | undefined,
    @Query('flag', z.boolean().optional()) flag: boolean | undefined,
    @Query('list', z.array(z.int()).optional()) list: number[] | undefined,
    @Query('when', z.iso.date().optional()) when: string | undefined,
  ) {
    return { n, flag, list, when };
  }
  @Get('/lists') lists(
    @Query('comma', z.array(z.string()).optional(), { style: 'comma' }) comma: string[] | undefined,
    @Query('space', z.array(z.string()).optional(), { style: 'space' }) space: string[] | undefined,
    @Query('pipe', z.array(z.string()).optional(), { style: 'pipe' }) pipe: string[] | undefined,
  ) {
    return { comma, space, pipe };
  }
  @Get('/headers') headers(
    @Header('x-list', z.array(z.string()).optional()) list: string[] | undefined,
    @Header('x-number', z.number().optional()) number: number | undefined,
    @Header('x-flag', z.boolean().optional()) flag: boolean | undefined,
  ) {
    return { list, number, flag };
  }
  @Get('/cookies') cookies(
    @Cookie(z.looseObject({ n: z.int().optional() })) cookies: Record<string, unknown>,
    @Ctx() { response }: Context,
  ) {
    response.cookies.set('seen', Object.keys(cookies).join().slice(0, 100));
    return cookies;
  }
}

@Controller()
class BodyController {
  @Post('/json') json(@Body(z.unknown()) body: unknown) {
    return { body };
  }
  @Put('/json') replace(@Body(z.looseObject({ a: z.unknown() })) body: unknown) {
    return { body };
  }
  @Post('/model') model(
    @Body('a', z.looseObject({ b: z.array(z.int()) })) a: unknown,
    @Body('c', z.string()) c: string,
  ) {
    return { a, c };
  }
  @Post('/form') async form(@Form(z.looseObject({})) form: Record<string, unknown>) {
    const values = Object.entries(form).map(async ([name, value]) => [
      name,
      await Promise.all([value].flat().map(shown)),
    ]);
    return Promise.all(values);
  }
  @Post('/fields') fields(
    @Form('text', z.string().optional()) value: string | undefined,
    @Form('file', z.file().optional()) upload: File | undefined,
    @Form('json', z.looseObject({ n: z.int().optional() }).optional()) json: unknown,
    @Form('list', z.array(z.int()).optional()) list: number[] | undefined,
  ) {
    return { value, upload: upload?.name, json, list };
  }
  @Post('/token') token(@Depends(OAuth2PasswordRequestForm) { username, scopes }: OAuth2PasswordRequestForm) {
    return { access_token: username, token_type: 'bearer', scope: scopes.join(' ') };
  }
  @Post('/raw', { limits: { body: 1_000 } }) async raw(@Ctx() { request }: Context) {
    return { length: (await request.arrayBuffer()).byteLength };
  }
  @Post('/pieces', { limits: { body: 100_000 } }) async pieces(@Ctx() { request }: Context) {
    let length = 0;
    for await (const piece of (request.body ?? []) as AsyncIterable<Uint8Array>) length += piece.length;
    return { length };
  }
  @Post('/echo', { response: bytes('application/octet-stream') }) echo(@Ctx() { request }: Context) {
    return request.body ?? new Uint8Array();
  }
  @Get('/large', { response: text() }) large() {
    return 'large '.repeat(50_000);
  }
  @Get('/rows', { response: lines(z.object({ row: z.int() })) }) async *rows() {
    for (let row = 0; row < 200; row++) yield row % 50 === 0 ? Promise.resolve({ row }) : { row };
  }
  @Get('/events', { response: events(z.int()) }) async *events() {
    for (let data = 0; data < 20; data++) yield { data };
  }
  @Get('/text', { response: text() }) *text() {
    for (let count = 0; count < 100; count++) yield `line ${count}\n`;
  }
}

async function shown(value: unknown): Promise<unknown> {
  return value instanceof File ? { name: value.name, type: value.type, length: (await value.bytes()).length } : value;
}

@Controller()
class SecuredController {
  @Get('/bearer') bearer(@Depends(known) token: string) {
    return { token };
  }
  @Get('/basic') basic(@Depends(user) { username }: HTTPBasicCredentials) {
    return { username };
  }
  @Get('/digest') digest(@Depends(new HTTPDigest()) { credentials }: { credentials: string }) {
    return { credentials };
  }
  @Get('/either') either(@Depends(anyOf(bearer, basic)) credentials: unknown) {
    return { credentials };
  }
  @Get('/key-header') header(@Depends(new APIKeyHeader('X-Key')) key: string) {
    return { key };
  }
  @Get('/key-query') query(@Depends(new APIKeyQuery('key')) key: string) {
    return { key };
  }
  @Get('/key-cookie') cookie(@Depends(new APIKeyCookie('key')) key: string) {
    return { key };
  }
}

@Controller('/sockets')
class SocketController {
  @Socket('/json', { receive: z.unknown(), send: z.unknown() })
  async json(@Connection() socket: SocketConnection): Promise<void> {
    for await (const message of socket) await socket.send(message);
  }
  @Socket('/text', { receive: text(), send: text() })
  async text(@Connection() socket: SocketConnection<string, string>): Promise<void> {
    for await (const message of socket) await socket.send(message);
  }
  @Socket('/bytes/:id', { receive: bytes('application/octet-stream'), send: bytes('application/octet-stream') })
  async bytes(
    @Connection() socket: SocketConnection<Uint8Array, Uint8Array>,
    @Path('id', z.int()) _id: number,
  ): Promise<void> {
    for await (const message of socket) await socket.send(message);
  }
}

/** A folder to serve, with links in it and out of it, and the issuer of the tokens. */
export interface Premises {
  readonly folder: string;
  readonly issuer: JwtIssuer;
  remove(): Promise<void>;
}

export async function prepare(): Promise<Premises> {
  const base = await mkdtemp(join(tmpdir(), 'portico-fuzz-'));
  const [folder, outside] = [join(base, 'served'), join(base, 'outside')];
  await mkdir(join(folder, 'folder'), { recursive: true });
  await mkdir(outside);
  for (const path of [
    'page.txt',
    'index.html',
    '.hidden',
    'folder/deep.txt',
    'folder/index.html',
    '\u00e9.txt',
    'a b',
  ]) {
    await writeFile(join(folder, path), `inside ${path}`);
  }
  await writeFile(join(folder, 'large.txt'), 'inside '.repeat(20_000));
  await writeFile(join(outside, 'outside.txt'), OUTSIDE.repeat(100));
  await symlink(join(folder, 'page.txt'), join(folder, 'link-in.txt'));
  await symlink(join(outside, 'outside.txt'), join(folder, 'link-out.txt'));
  await symlink(outside, join(folder, 'link-folder'));
  const issuer = testTokens({ issuer: 'https://id.example', audience: 'https://api.example' });
  return { folder, issuer, remove: () => rm(base, { recursive: true }) };
}

/** An app with every kind of input, whose handlers cannot fail. */
export function makeApp({ folder, issuer }: Premises, withMiddleware: boolean, logger: Logger): App {
  const keys = { issuer: 'https://id.example', audience: 'https://api.example', jwks: issuer.jwks };
  const token = jwtBearer({ ...keys, keep: 10 });
  // Each request is sent in two ways, and its proof is valid in both.
  const boundToken = jwtBearer({
    ...keys,
    dpop: 'required',
    scheme: new OAuth2PasswordBearer({ tokenUrl: 'token', schemeName: 'Bound', scopes: { read: 'Reads.' } }),
    replayStore: { add: () => true },
  });

  @Controller()
  class VerifiedController {
    @Get('/jwt') jwt(@Security(token, { scopes: ['read'] }) { subject }: AccessToken) {
      return { subject };
    }
    @Get('/dpop') dpop(@Security(boundToken, { scopes: ['read'] }) { subject }: AccessToken) {
      return { subject };
    }
    @Get('/files/*path', { response: file() }) file(@Path('path') path: string) {
      return fileIn(folder, path);
    }
  }

  const middleware = [
    accessLog({ logger: { info() {}, warn() {}, error() {} } }),
    requestId(),
    securityHeaders(),
    cors({ origin: 'https://app.example' }),
    etag(),
    compress(),
  ];
  return new App({
    title: 'Fuzzed',
    version: '1',
    logger,
    timeout: 10_000,
    limits: { message: LARGEST_MESSAGE },
    middleware: withMiddleware ? middleware : [],
    controllers: [
      InputController,
      BodyController,
      SecuredController,
      SocketController,
      VerifiedController,
      staticFiles('/assets', folder),
    ],
  });
}
