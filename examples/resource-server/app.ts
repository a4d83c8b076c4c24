import { App } from 'portico';
import { NoteController } from './note-controller.ts';
import { ISSUER, RESOURCE } from './settings.ts';

// #region app
export const app = new App({
  title: 'Notes',
  version: '1.0.0',
  summary: 'A resource server: its users sign in at an identity provider.',
  controllers: [NoteController],
  protectedResource: { resource: RESOURCE, authorizationServers: [ISSUER] },
  requireSecurity: true,
});
// #endregion app
