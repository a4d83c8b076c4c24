import { App, type Logger } from 'portico';
import { TokenController } from './token-controller.ts';
import { UserController } from './user-controller.ts';

// #region app
export function createApp(logger: Logger = console): App {
  return new App({
    title: 'Login',
    version: '1.0.0',
    summary: 'Users who sign in, stay signed in, and sign out.',
    controllers: [TokenController, UserController],
    requireSecurity: true,
    logger,
  });
}
// #endregion app
