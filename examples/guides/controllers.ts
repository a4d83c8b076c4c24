import {
  App,
  Body,
  type Context,
  Controller,
  Cookie,
  Ctx,
  Delete,
  Depends,
  File,
  Form,
  Get,
  Header,
  Path,
  Post,
  Put,
  Query,
  Route,
  text,
} from 'portico';
import { z } from 'zod';

const Report = z.object({ title: z.string(), pages: z.int().min(1) }).meta({ id: 'Report' });
type Report = z.output<typeof Report>;

// #region declaring
@Controller('/reports', { tags: ['reports'] })
class ReportController {
  @Get('/:year')
  byYear(@Path('year', z.int().min(2000)) year: number) {
    return { year };
  }

  @Put('/:year', { response: Report })
  replace(@Path('year', z.int()) _year: number, @Body(Report) report: Report) {
    return report;
  }

  @Delete('/:year', { status: 204 })
  remove(@Path('year', z.int()) _year: number) {}

  @Get('/files/*path')
  file(@Path('path') path: string) {
    return { path };
  }

  @Route('PURGE', '/cache', { includeInSchema: false })
  purge() {
    return { purged: true };
  }
}
// #endregion declaring

// #region values
const Filter = z.strictObject({
  q: z.string().optional(),
  tag: z.array(z.string()).default([]),
  page: z.int().min(1).default(1),
});

@Controller('/search')
class SearchController {
  @Get()
  search(
    @Query(Filter) filter: z.output<typeof Filter>,
    @Header('accept-language', z.string().default('en')) language: string,
    @Cookie('theme', z.enum(['light', 'dark']).optional()) theme?: 'light' | 'dark',
  ) {
    return { filter, language, theme };
  }
}
// #endregion values

// #region lists
@Controller('/trips')
class TripController {
  @Get('/:ids/stops')
  stops(
    @Path('ids', z.array(z.int()), { style: 'comma' }) ids: number[],
    @Query('fields', z.array(z.enum(['name', 'time'])).default(['name']), { style: 'comma' }) fields: string[],
    @Query('day', z.array(z.iso.date()).default([])) days: string[],
    @Header('x-tags', z.array(z.string()).default([])) tags: string[],
  ) {
    return { ids, fields, days, tags };
  }

  @Get('/near')
  near(@Query('bbox', z.tuple([z.number(), z.number(), z.number(), z.number()]), { style: 'comma' }) bbox: number[]) {
    return { bbox };
  }
}
// #endregion lists

// #region objects
const Period = z
  .object({ from: z.iso.date(), to: z.iso.date() })
  .refine(({ from, to }) => from <= to, { error: 'It ends before it begins', path: ['to'] });
const Chart = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('line'), smooth: z.boolean().default(false) }),
  z.object({ kind: z.literal('bar'), width: z.int().min(1) }),
]);
const Client = z.object({ clientVersion: z.string().optional(), requestId: z.uuid().optional() });

@Controller('/charts')
class ChartController {
  @Get()
  draw(
    @Query(Period) period: z.output<typeof Period>,
    @Query(Chart) chart: z.output<typeof Chart>,
    @Header(Client) client: z.output<typeof Client>,
  ) {
    return { period, chart, client };
  }
}
// #endregion objects

// #region bodies
const Rating = z.object({ stars: z.int().min(1).max(5) });

@Controller('/reviews')
class ReviewController {
  @Post({ status: 201 })
  create(@Body('report', Report) report: Report, @Body('rating', Rating) rating: z.output<typeof Rating>) {
    return { title: report.title, stars: rating.stars };
  }
}
// #endregion bodies

// #region forms
const Crop = z.object({ left: z.int(), top: z.int(), size: z.int().min(1) });

@Controller('/profile')
class ProfileController {
  @Post('/name')
  rename(@Form('name') name: string, @Form('nickname', z.string().optional()) nickname?: string) {
    return { name, nickname };
  }

  @Post('/picture', { limits: { body: 5_000_000 } })
  async picture(
    @File('picture', { types: ['image/png', 'image/jpeg'], maxSize: 4_000_000 }) picture: File,
    @Form('caption', z.string().max(200).default('')) caption: string,
  ) {
    return { caption, firstBytes: [...new Uint8Array(await picture.slice(0, 4).arrayBuffer())] };
  }

  @Post('/background')
  background(@File('image', { types: ['image/*'] }) image: File, @Form('crop', Crop) crop: z.output<typeof Crop>) {
    return { size: image.size, crop };
  }
}
// #endregion forms

// #region answers
@Controller('/answers')
class AnswerController {
  @Get('/json', { response: Report })
  json() {
    return { title: 'Annual', pages: 3, draftOf: 'a field that the schema does not have' };
  }

  @Get('/text', { response: text() })
  text() {
    return new Response('plain text', { headers: { 'Content-Type': 'text/plain; charset=utf-8' } });
  }

  @Get('/headers', { responses: { 202: z.object({ queued: z.boolean() }) } })
  headers(@Ctx() { response }: Context) {
    response.status = 202;
    response.headers.set('Retry-After', '120');
    return { queued: true };
  }
}
// #endregion answers

// #region shared
class Tenant {
  constructor(@Path('tenant', z.string().regex(/^[a-z]+$/)) readonly name: string) {}
}

@Controller('/:tenant/settings')
class SettingsController {
  constructor(@Depends(Tenant) private readonly tenant: Tenant) {}

  @Get()
  read() {
    return { tenant: this.tenant.name };
  }
}
// #endregion shared

// #region app
export const app = new App({
  title: 'Controllers',
  version: '1.0.0',
  controllers: [
    ReportController,
    SearchController,
    TripController,
    ChartController,
    ReviewController,
    ProfileController,
    AnswerController,
  ],
});
app.include([SettingsController], { prefix: '/tenants', tags: ['tenants'] });
// #endregion app
