import Commands
import Foundation

// A closed pipe is an error of the write, not a signal that kills us.
signal(SIGPIPE, SIG_IGN)
let application = Application(environment: ProcessInfo.processInfo.environment)
let code = await application.run(Array(CommandLine.arguments.dropFirst()))

// Everything is written, nothing is buffered. `exit` would clean up OpenSSL under the connection's
// thread, which may still be closing.
_exit(code)
