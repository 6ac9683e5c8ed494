/** Says that Python uses the camera, wherever one is in the app, and turns it off. */
import { VideoOff } from 'lucide';
import { turnOff, wishes } from '../camera_feed';
import { health } from '../remote_camera';
import { Icon } from './icon';

export function CameraInUse() {
  if (wishes.value.length === 0) return null;
  const { origin, wish_id: sent } = health.value;
  const away = wishes.value.some(({ id }) => id === sent);
  return (
    <p class="banner camera-in-use" role="status">
      The camera is on: its pictures go to {away ? origin : 'Python code in this tab'}.
      <button class="button" type="button" onClick={turnOff}>
        <Icon of={VideoOff} /> Turn the camera off
      </button>
    </p>
  );
}
