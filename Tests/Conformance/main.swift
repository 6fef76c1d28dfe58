// The Swift runtime's driver for proto-spec/conformance/run.

let driver = Driver()
while let command = MessagePipe.read() {
  // Detached: reading blocks the main thread, and with it whatever belongs to the main actor.
  Task.detached {
    MessagePipe.write(await driver.report(on: command))
  }
}
