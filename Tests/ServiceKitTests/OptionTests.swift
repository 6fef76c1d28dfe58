import Testing

@testable import ServiceKit

@Suite("Options")
struct OptionTests {
  private let parser = CommandLineParser(
    options: [
      .integer("attempts", default: 3, in: 1...100, help: "Attempts."),
      .duration("lease", default: "30s", in: 100...3_600_000, help: "Lease."),
      .bytes("limit", default: "1GiB", in: 1...(1 << 40), help: "Limit."),
      .flag("insecure", help: "Insecure."),
      .string("mail-from", help: "Sender."),
    ],
    commands: [.init(name: "backup", arguments: ["FILE"], options: [])])

  private func options(_ arguments: [String], _ environment: [String: String] = [:]) throws
    -> Options
  {
    guard case .serve(let options) = try parser.parse(arguments, environment: environment) else {
      throw OptionError("a command")
    }
    return options
  }

  @Test("the command line beats the environment, which beats the default")
  func order() throws {
    #expect(try options([]).int("attempts") == 3)
    #expect(try options([], ["ASSAY_ATTEMPTS": "5"]).int("attempts") == 5)
    #expect(try options(["--attempts", "7"], ["ASSAY_ATTEMPTS": "5"]).int("attempts") == 7)
    #expect(try options(["--attempts=8"]).int("attempts") == 8)
  }

  @Test("times and sizes carry their units")
  func units() throws {
    let options = try options(["--lease", "5m", "--limit", "64KiB", "--insecure"])
    #expect(options.milliseconds("lease") == 300_000)
    #expect(options.bytes("limit") == 65_536)
    #expect(options.flag("insecure"))
    #expect(options.optionalText("mail-from") == nil)
  }

  @Test(
    "what is not understood is refused by name",
    arguments: [
      (["--attmpts", "3"], "attmpts"), (["--attempts", "0"], "attempts"),
      (["--attempts", "101"], "attempts"), (["--attempts", "many"], "attempts"),
      (["--attempts"], "attempts"), (["--lease", "5 parsecs"], "lease"),
      (["--limit", "-1"], "limit"), (["frobnicate"], "frobnicate"), (["backup"], "backup"),
      (["backup", "a", "b"], "backup"), (["--lease", "99999999999999999999s"], "lease"),
    ])
  func refused(arguments: [String], name: String) {
    #expect {
      try parser.parse(arguments, environment: [:])
    } throws: {
      "\($0)".contains(name)
    }
  }

  @Test("a value from the environment is refused by its variable")
  func environment() {
    #expect {
      try parser.parse([], environment: ["ASSAY_LEASE": "soon"])
    } throws: {
      "\($0)".contains("ASSAY_LEASE")
    }
  }
}
