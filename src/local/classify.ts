import { printError } from "../command-line.ts";
import { startProgram } from "./command/start-program.ts";

await startProgram("classify").parseAsync().catch(printError);
