/** Skips drawing a component again when every property is the same object as before. */
import { Component, h, type FunctionComponent } from 'preact';

export function memo<P extends object>(Inner: FunctionComponent<P>): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const before = this.props as P;
      return (Object.keys(next) as (keyof P)[]).some((key) => next[key] !== before[key]);
    }
    override render() {
      return h(Inner as FunctionComponent<object>, this.props as P);
    }
  }
  return Memo as unknown as FunctionComponent<P>;
}
