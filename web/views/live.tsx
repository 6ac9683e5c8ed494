/** The view "Live": what a camera, a screen or a film shows, described or watched by the model on this device. */
import { useEffect } from 'preact/hooks';
import { report } from '../actions';
import { liveSettings, readSettings, stopLive } from '../live';
import { LiveFigures } from '../parts/live_figures';
import { LiveHistory } from '../parts/live_history';
import { LiveOptions } from '../parts/live_options';
import { LiveQuestion } from '../parts/live_question';
import { LiveSource } from '../parts/live_source';
import { LiveStage } from '../parts/live_stage';
import { RemoteCamera } from '../parts/remote_camera';
import { ToolCall } from '../parts/tool_call';
import { state } from '../store';

export function LiveView() {
  useEffect(() => {
    readSettings().catch(report);
    return stopLive;
  }, []);
  const { value: settings } = liveSettings;
  const { call } = state.value.live;
  return (
    <div class="page live" tabIndex={-1}>
      <div class="live-columns">
        <div class="live-main">
          <LiveSource />
          <LiveStage />
          {call && <ToolCall part={call} sessionId="live" />}
          <LiveFigures />
        </div>
        <div class="live-side">
          {settings && <LiveQuestion settings={settings} />}
          {settings && <LiveOptions settings={settings} />}
        </div>
      </div>
      <LiveHistory />
      <RemoteCamera />
    </div>
  );
}
