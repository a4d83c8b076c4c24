import {
  answer,
  App,
  Body,
  bytes,
  Content,
  type Context,
  Controller,
  Ctx,
  events,
  Get,
  html,
  HTTPException,
  lines,
  Path,
  Post,
  redirect,
  text,
} from 'portico';
import { z } from 'zod';

const Reading = z.object({ sensor: z.string(), celsius: z.number() });
type Reading = z.output<typeof Reading>;

const roof = { sensor: 'roof', celsius: 21.5, calibratedBy: 'mail@example.com' };
const stored = [roof, { sensor: 'cellar, north', celsius: 12, calibratedBy: 'mail@example.com' }];
const PIXEL = Uint8Array.from(atob('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'), (char) => {
  return char.charCodeAt(0);
});

// #region kinds
@Controller('/readings')
class ReadingController {
  @Get('/first', { response: Reading })
  first() {
    return roof;
  }

  @Get('/summary', { response: text() })
  summary() {
    return `${stored.length} sensors`;
  }

  @Get('/page', { response: html() })
  page() {
    return `<!doctype html><p>${stored.length} sensors</p>`;
  }

  @Get('/pixel', { response: bytes('image/gif') })
  pixel() {
    return PIXEL;
  }

  @Get('/rows', { response: lines(Reading) })
  async *rows() {
    for (const reading of stored) yield await Promise.resolve(reading);
  }

  @Get('/feed', { response: events(Reading, { keepAlive: 15_000 }) })
  async *feed() {
    for (const [id, data] of stored.entries()) yield await Promise.resolve({ event: 'reading', id: `${id}`, data });
  }

  @Get('/newest', { response: redirect(307) })
  newest() {
    return '/readings/first';
  }
}
// #endregion kinds

// #region csv
/** Rows as CSV (RFC 4180): one column for each field of the schema. */
class Csv<Row extends z.ZodObject> extends Content<Iterable<z.output<Row>>> {
  readonly mediaType = 'text/csv; charset=utf-8';
  override readonly bodySchema = { type: 'string' };
  override readonly itemSchema: Row;

  constructor(row: Row) {
    super();
    this.itemSchema = row;
  }

  encode(rows: Iterable<z.output<Row>>): string {
    const columns = Object.keys(this.itemSchema.shape);
    const checked = Array.from(rows, (row): Record<string, unknown> => this.itemSchema.parse(row));
    return [columns, ...checked.map((row) => columns.map((column) => row[column]))].map(csvLine).join('');
  }
}

function csvLine(values: readonly unknown[]): string {
  const cells = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value ?? '')));
  return `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\r\n`;
}

@Controller('/exports')
class ExportController {
  @Get('/csv', { response: new Csv(Reading) })
  csv() {
    return stored;
  }
  // #endregion csv

  // #region alternatives
  @Get({
    responses: {
      200: {
        description: 'All readings, as JSON or CSV',
        content: [z.array(Reading), new Csv(Reading)],
        headers: { 'X-Total-Count': z.int() },
      },
    },
  })
  all(@Ctx() { response }: Context) {
    response.headers.set('X-Total-Count', String(stored.length));
    return stored;
  }
  // #endregion alternatives
}

// #region status
const NewJob = z.object({ name: z.string(), size: z.int().min(1) });
const Job = NewJob.extend({ done: z.literal(true) });
const Queued = z.object({ position: z.int() });

@Controller('/jobs')
class JobController {
  @Post({ response: Job, status: 201, responses: { 202: Queued, 409: { description: 'The name is taken' } } })
  create(@Body(NewJob) job: z.output<typeof NewJob>) {
    if (job.name === 'taken') throw new HTTPException(409);
    if (job.size > 100) return answer(202, { position: 3 }, { headers: { 'Retry-After': '5' } });
    return { ...job, done: true as const };
  }
}
// #endregion status

// #region dates
const Time = z.codec(z.iso.datetime(), z.date(), {
  decode: (written) => new Date(written),
  encode: (date) => date.toISOString(),
});
const Meeting = z.object({ topic: z.string(), begins: Time });
const Booked = Meeting.extend({ bookedAt: z.date() });

@Controller('/meetings')
class MeetingController {
  @Post('/postpone', { response: Booked })
  postpone(@Body(Meeting) { topic, begins }: z.output<typeof Meeting>) {
    return { topic, begins: new Date(begins.getTime() + 3_600_000), bookedAt: new Date() };
  }
}
// #endregion dates

// #region fails
@Controller('/streams')
class StreamController {
  @Get('/:name', { response: lines(Reading), responses: { 404: { description: 'No such stream' } } })
  async *read(@Path('name') name: string): AsyncGenerator<Reading> {
    if (name !== 'known') throw new HTTPException(404);
    yield { sensor: 'roof', celsius: 21.5 };
    if (stored.length > 1) throw new Error('this is logged, and cuts the stream');
  }
}
// #endregion fails

export const app = new App({
  title: 'Responses',
  version: '1.0.0',
  controllers: [ReadingController, ExportController, JobController, MeetingController, StreamController],
});
