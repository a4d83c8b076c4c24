import { Controller, Get, Path, Query } from 'portico';
import { z } from 'zod';

const WORDS = { en: 'Hello', fr: 'Bonjour' };

const Language = z.enum(['en', 'fr']).default('en');
type Language = z.output<typeof Language>;

const Greeting = z.object({ text: z.string() }).meta({ id: 'Greeting' });
type Greeting = z.output<typeof Greeting>;

@Controller('/greetings')
export class GreetingController {
  // Without "public: true" an operation needs a security scheme, and the app does not start: "requireSecurity" says so.
  @Get('/:name', { response: Greeting, public: true })
  read(@Path('name', z.string().max(50)) name: string, @Query('language', Language) language: Language): Greeting {
    return { text: `${WORDS[language]}, ${name}!` };
  }
}
