export { ConnectionError, isAbort, readServerError, ServerError, TruncatedError } from "./errors";
export { openArrow, readArrow, type ArrowAnswer, type Progress } from "./openArrow";
export { decimalInteger, isInstant, numbersOf, rawInteger, unitsPerSecond } from "./readers";
export { useArrow, type ArrowOptions, type ArrowState } from "./useArrow";
export { backOffMs, followLive, liveUrl, type LiveListener, type LiveState, type LiveSubscription } from "./live";
