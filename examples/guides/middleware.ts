import { App, type Context, Controller, Ctx, Get, HTTPException, Path, Post } from 'portico';
import { accessLog, cors, requestId, securityHeaders } from 'portico/middleware';

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
  controllers: [NoteController],
  middleware: [log, requestId(), securityHeaders({ strictTransportSecurity: 'max-age=31536000' }), frontEnd],
});
// #endregion app
