import Commands
import Foundation

// A closed pipe is an error of the write, not a signal that kills us.
signal(SIGPIPE, SIG_IGN)
let application = Application(environment: ProcessInfo.processInfo.environment)
exit(await application.run(Array(CommandLine.arguments.dropFirst())))
