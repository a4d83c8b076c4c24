import { Controller, Get, Path, Query } from 'portico';
import { z } from 'zod';

const WORDS = { en: 'Hello', fr: 'Bonjour' };

const Language = z.enum(['en', 'fr']).default('en');
type Language = z.output<typeof Language>;

const Greeting = z.object({ text: z.string() }).meta({ id: 'Greeting' });
type Greeting = z.output<typeof Greeting>;

@Controller('/greetings')
export class GreetingController {
  // "requireSecurity" in app.ts wants a security scheme for every operation that does not say "public: true".
  @Get('/:name', { response: Greeting, public: true })
  read(@Path('name', z.string().max(50)) name: string, @Query('language', Language) language: Language): Greeting {
    return { text: `${WORDS[language]}, ${name}!` };
  }
}
