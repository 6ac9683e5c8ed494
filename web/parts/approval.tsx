/**
 * A tool or a hook that asks, inside the answer: what it wants to do with which arguments, three answers, the time left.
 *
 * Owns the clock on screen; Python owns the decision and the time-out. The keyboard comes here when it is nowhere else.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ShieldQuestion } from 'lucide';
import type { Approval as Question, ApprovalAnswer, QuestionPart, ToolCallPart } from '../../js_bridge/contract.gen';
import { answerApproval } from '../actions';
import { Arguments } from './arguments';
import { named, useReturnFocus } from './focus';
import { Icon } from './icon';

const WANTS = {
  read: 'wants to read what is kept here.',
  write: 'wants to change what is kept here.',
  network: 'wants to ask another server.',
  code: 'wants to run code, shut off from this page and the network.',
};

function secondsLeft(deadline: number): number {
  return Math.max(0, Math.ceil(deadline - Date.now() / 1000));
}

function Countdown({ deadline }: { deadline: number }) {
  const [left, setLeft] = useState(secondsLeft(deadline));
  useEffect(() => {
    const clock = setInterval(() => setLeft(secondsLeft(deadline)), 1000);
    return () => clearInterval(clock);
  }, [deadline]);
  const minutes = Math.floor(left / 60);
  const shown = minutes > 0 ? `${minutes}:${String(left % 60).padStart(2, '0')} min` : `${left} s`;
  return (
    <span class="muted figure" role="timer" aria-label="Time left to answer">
      Denied in {shown}
    </span>
  );
}

/** Whether the keyboard is at nothing that it would be taken away from. */
function idle(): boolean {
  const { activeElement } = document;
  if (activeElement instanceof HTMLTextAreaElement) return activeElement === named('Message') && activeElement.value === '';
  return activeElement === null || activeElement === document.body || activeElement.closest('.composer') !== null;
}

interface ApprovalProps {
  part: ToolCallPart | QuestionPart;
  question: Question;
  sessionId: string;
}

function Wanted({ part, question }: Omit<ApprovalProps, 'sessionId'>) {
  if (part.type === 'question') return <>{question.prompt}</>;
  return (
    <>
      <strong>{part.name}</strong> {part.access ? WANTS[part.access] : question.prompt}
    </>
  );
}

export function Approval({ part, question, sessionId }: ApprovalProps) {
  const card = useRef<HTMLElement>(null);
  const [answered, setAnswered] = useState(false);
  useLayoutEffect(() => {
    if (!idle()) return;
    card.current?.focus({ preventScroll: true });
    card.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  useReturnFocus(() => named('Message'));
  const answer = (choice: ApprovalAnswer['choice']) => async (): Promise<void> => {
    setAnswered(true);
    setAnswered(await answerApproval({ session_id: sessionId, approval_id: question.id, choice }, question.origin ?? ''));
  };
  const heading = `approval-${question.id}`;
  return (
    <section class="approval" ref={card} tabIndex={-1} aria-labelledby={heading}>
      <p id={heading} role="alert">
        <Icon of={ShieldQuestion} /> <Wanted part={part} question={question} />
      </p>
      {part.type === 'tool_call' && <Arguments part={part} />}
      {question.origin && (
        <p class="muted">
          To allow it lets this page reach <code>{question.origin}</code> and nothing else, without cookies or keys: once, until
          this answer is complete; in this conversation, until you close Cloche.
        </p>
      )}
      <div class="approval-answers" role="group" aria-label="Answer">
        <button class="button" type="button" disabled={answered} onClick={answer('once')}>
          Allow once
        </button>
        <button class="button" type="button" disabled={answered} onClick={answer('conversation')}>
          Allow in this conversation
        </button>
        <button class="button primary" type="button" disabled={answered} onClick={answer('deny')}>
          Deny
        </button>
        <Countdown deadline={question.deadline} />
      </div>
    </section>
  );
}
