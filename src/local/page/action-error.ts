/** An action that cannot be done as asked: the request is at fault. */
export class ActionError extends Error {}
