/** Loaded into a server by `--import`: the first SIGUSR2 begins a CPU profile, the second writes it. */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const session = new Session();
session.connect();
let recording = false;
process.on('SIGUSR2', () => {
  if (recording) {
    session.post('Profiler.stop', (error, result) => {
      if (error) throw error;
      writeFileSync(process.env.PROFILE, JSON.stringify(result.profile));
    });
  } else {
    session.post('Profiler.enable');
    session.post('Profiler.setSamplingInterval', { interval: 200 });
    session.post('Profiler.start');
  }
  recording = !recording;
});
