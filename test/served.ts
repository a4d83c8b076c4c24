import { Controller, Get } from 'portico';
import { serve } from 'portico/node';
import { appOf, fastWrite, pause } from './world.ts';

// A program of its own: tells its address, answers slowly, and says when its app was closed.

@Controller()
class SlowController {
  @Get('/slow')
  async slow(): Promise<string> {
    process.stdout.write('asked\n');
    await pause(300);
    return 'slow';
  }
  @Get('/stuck')
  async stuck(): Promise<never> {
    process.stdout.write('asked\n');
    return new Promise(() => {});
  }
}

const options = { port: 0, shutdownTimeout: 1_000, logger: console, fastWrite: fastWrite() };
const { url } = await serve(appOf([SlowController]), options);
process.stdout.write(`ready ${url}\n`);
