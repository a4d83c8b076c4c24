import {
  APIKeyHeader,
  App,
  Body,
  Controller,
  dependency,
  Depends,
  Get,
  HTTPException,
  Path,
  Post,
  type ValueOf,
} from 'portico';
import { z } from 'zod';

const apiKey = new APIKeyHeader('X-Key');
const administrator = dependency({ key: Depends(apiKey) }, ({ key }) => {
  if (key !== 'secret') throw new HTTPException(403);
});

// #region controllers
@Controller({ dependencies: [Depends(administrator)], tags: ['admin'], responses: { 409: { description: 'Busy' } } })
abstract class AdminController {
  @Get('/status')
  status() {
    return { controller: this.constructor.name };
  }
}

@Controller('/users')
class UserController extends AdminController {}

@Controller('/health', { without: [administrator] })
class HealthController extends AdminController {}
// #endregion controllers

// #region factory
function crudOf<S extends z.ZodType>(path: string, schema: S) {
  @Controller(path)
  abstract class CrudController extends AdminController {
    readonly values: z.output<S>[] = [];

    @Post({ status: 201 })
    create(@Body(schema) value: z.output<S>) {
      return this.values.push(value);
    }
  }
  return CrudController;
}

@Controller('/colours')
class ColourController extends crudOf('', z.object({ name: z.string() })) {
  @Get('/:index')
  read(@Path('index', z.int().min(0)) index: number) {
    return this.values[index] ?? null;
  }
}
// #endregion factory

// #region abstract
abstract class Clock {
  abstract now(): Date;
}

class SystemClock extends Clock {
  now() {
    return new Date();
  }
}

@Controller('/time')
class TimeController {
  constructor(@Depends(Clock) private readonly clock: Clock) {}

  @Get()
  read() {
    return { now: this.clock.now().toISOString() };
  }
}

export const app = new App({
  title: 'Inheritance',
  version: '1.0.0',
  controllers: [UserController, HealthController, ColourController, TimeController],
  overrides: [[Clock, SystemClock]],
});
// #endregion abstract

// #region values
const settings = dependency(() => ({ language: 'en' }), { lifetime: 'app' });
type Settings = ValueOf<typeof settings>;

@Controller('/settings')
class SettingsController {
  @Get()
  read(@Depends(settings) settings: Settings) {
    return settings;
  }
}
// #endregion values

app.include([SettingsController]);
