/** A labelled progress bar with bytes, rate and time left. Owns the measuring of the rate, not the job. */
import { useRef } from 'preact/hooks';
import { bytes, duration } from '../figures';

interface ProgressProps {
  label: string;
  loaded: number;
  /** 0 when the job cannot be measured: then the bar only says that something happens. */
  total: number;
}

/** Bytes a second since this job began; null while it is too early to tell. */
function useRate(label: string, loaded: number): number | null {
  const began = useRef({ label, loaded, at: performance.now() });
  if (began.current.label !== label || loaded < began.current.loaded) began.current = { label, loaded, at: performance.now() };
  const elapsed = performance.now() - began.current.at;
  return elapsed > 300 ? ((loaded - began.current.loaded) / elapsed) * 1000 : null;
}

/** The bar alone. */
export function ProgressBar({ label, loaded, total }: ProgressProps) {
  const measured = total > 0;
  const share = measured ? Math.min(1, loaded / total) : 0;
  return (
    <div
      class={`progress-bar ${measured ? '' : 'unmeasured'}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={measured ? Math.round(share * 100) : undefined}
    >
      <span style={measured ? { transform: `scaleX(${share})` } : undefined} />
    </div>
  );
}

export function Progress({ label, loaded, total }: ProgressProps) {
  const speed = useRate(label, loaded);
  const measured = total > 0;
  const left = speed && measured && loaded < total ? duration(((total - loaded) / speed) * 1000) : '';
  return (
    <div class="progress">
      <div class="progress-text">
        <span>{label}</span>
        {measured && (
          <span class="figure muted">
            {bytes(loaded)} of {bytes(total)}
            {speed ? `, ${bytes(speed)}/s` : ''}
            {left && `, ${left} left`}
          </span>
        )}
      </div>
      <ProgressBar label={label} loaded={loaded} total={total} />
    </div>
  );
}
