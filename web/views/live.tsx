/** The view "Live": what a camera, a screen or a film shows, described or watched by the model on this device. */
import { useEffect, useState } from 'preact/hooks';
import { report } from '../actions';
import { liveSettings, readSettings, stopLive } from '../live';
import { LiveFigures } from '../parts/live_figures';
import { LiveHistory } from '../parts/live_history';
import { LiveOptions } from '../parts/live_options';
import { LiveQuestion } from '../parts/live_question';
import { LiveSource, SourceList, type LiveKind } from '../parts/live_source';
import { LiveStage } from '../parts/live_stage';
import { RemoteCamera, RemoteHealth } from '../parts/remote_camera';
import { ToolCall } from '../parts/tool_call';
import { sending } from '../remote_camera';
import { state } from '../store';

export function LiveView() {
  useEffect(() => {
    readSettings().catch(report);
    return stopLive;
  }, []);
  const { value: settings } = liveSettings;
  const { call } = state.value.live;
  const [kind, choose] = useState<LiveKind>(sending.value ? 'remote' : 'camera');
  const remote = kind === 'remote';
  return (
    <div class="page live" tabIndex={-1}>
      <div class="live-columns">
        <div class="live-main">
          <div class="row live-source">
            <SourceList kind={kind} choose={choose} />
            {!remote && <LiveSource key={kind} kind={kind} />}
          </div>
          <LiveStage remote={remote} />
          {call && <ToolCall part={call} sessionId="live" />}
          {remote ? <RemoteHealth /> : <LiveFigures />}
        </div>
        <div class="live-side">
          {remote && <RemoteCamera />}
          {!remote && settings && <LiveQuestion settings={settings} />}
          {!remote && settings && <LiveOptions settings={settings} />}
        </div>
      </div>
      <LiveHistory />
    </div>
  );
}
