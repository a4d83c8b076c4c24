import { App, Body, type Context, Controller, Ctx, Get, HTTPException, Path, Post, Put } from 'portico';
import { accessLog, checkPreconditions, cors, requestId, securityHeaders } from 'portico/middleware';
import { z } from 'zod';

// #region state
@Controller('/notes')
class NoteController {
  @Get('/:noteId')
  read(@Path('noteId') noteId: string, @Ctx() { state }: Context) {
    if (noteId === 'missing') throw new HTTPException(404, { requestId: state['requestId'] });
    return { noteId };
  }

  @Post({ status: 201 })
  create() {
    return { noteId: 'new' };
  }
}
// #endregion state

// #region preconditions
const page = { text: 'Hello', version: 1 };

@Controller('/page')
class PageController {
  @Get()
  read(@Ctx() { response }: Context) {
    response.headers.set('ETag', `"${page.version}"`);
    return { text: page.text };
  }

  @Put({ status: 204 })
  write(@Body(z.object({ text: z.string() })) { text }: { text: string }, @Ctx() context: Context) {
    checkPreconditions(context, `"${page.version}"`);
    page.text = text;
    page.version++;
    context.response.headers.set('ETag', `"${page.version}"`);
  }
}
// #endregion preconditions

// #region cors
const frontEnd = cors({
  origin: ['https://app.example.com', /^https:\/\/[a-z\d-]+\.preview\.example\.com$/],
  credentials: true,
  exposedHeaders: ['X-Request-Id'],
  maxAge: 600,
});
// #endregion cors

// #region function
const customers = new Map([['https://customer.example', { active: true }]]);

export const customersOnly = cors({ origin: async (origin) => customers.get(origin)?.active ?? false });
// #endregion function

// #region format
const log = accessLog({ format: (entry) => JSON.stringify({ time: new Date().toISOString(), ...entry }) });
// #endregion format

// #region app
export const app = new App({
  title: 'Notes',
  version: '1.0.0',
  controllers: [NoteController, PageController],
  middleware: [log, requestId(), securityHeaders({ strictTransportSecurity: 'max-age=31536000' }), frontEnd],
});
// #endregion app
