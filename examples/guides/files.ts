import {
  App,
  type Context,
  Controller,
  Cookie,
  Ctx,
  Depends,
  Get,
  HTTPBasic,
  HTTPException,
  Path,
  Post,
} from 'portico';
import { file, fileIn, staticFiles } from 'portico/files';
import { compress, etag } from 'portico/middleware';
import { z } from 'zod';

const guides = new URL('../../docs/', import.meta.url);
const examples = new URL('./', import.meta.url);

// #region file
@Controller('/reports')
class ReportController {
  @Get('/*path', { response: file() })
  read(@Path('path') path: string) {
    return fileIn(guides, path, { cacheControl: 'private, max-age=60' });
  }
}
// #endregion file

// #region static
const staff = Depends(new HTTPBasic());

const publicFiles = staticFiles('/guides', guides, { index: 'README.md' });
const staffFiles = staticFiles('/sources', examples, { index: false, download: true, dependencies: [staff] });
// #endregion static

// #region cookies
@Controller('/session')
class SessionController {
  @Post({ status: 204 })
  begin(@Ctx() { response: { cookies } }: Context) {
    cookies.set('__Host-session', crypto.randomUUID(), { maxAge: 3_600 });
    cookies.set('theme', 'dark', { httpOnly: false, sameSite: 'strict' });
  }

  @Post('/end', { status: 204 })
  end(@Ctx() { response: { cookies } }: Context) {
    cookies.delete('__Host-session');
  }

  @Get()
  read(@Cookie('__Host-session', z.uuid().optional()) session?: string) {
    if (session === undefined) throw new HTTPException(404, 'There is no session');
    return { session };
  }
}
// #endregion cookies

// #region app
export const app = new App({
  title: 'Files',
  version: '1.0.0',
  controllers: [ReportController, publicFiles, staffFiles, SessionController],
  middleware: [compress(), etag()],
});
// #endregion app
