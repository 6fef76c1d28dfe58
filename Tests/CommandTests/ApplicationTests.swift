import Foundation
import Testing

@testable import Commands

@Suite("The application")
struct ApplicationTests {
  @Test("Every command has help with a usage, an example and its own options")
  func helpsEverywhere() async {
    for command in CommandTable.all {
      let recorder = Recorder()
      let words = command.path + ["--help"]
      #expect(await recorder.run(words, commands: CommandTable.all) == 0)
      #expect(recorder.out.contains("Usage: assay \(command.name)"), "\(command.name)")
      #expect(recorder.out.contains("Example"), "\(command.name)")
      #expect(recorder.out.contains("--json"), "\(command.name)")
      for option in command.options { #expect(recorder.out.contains("--\(option.name)")) }
      #expect(recorder.err.isEmpty)
    }
  }

  @Test("The examples in the help parse as what they are examples of")
  func examplesParse() throws {
    for command in CommandTable.all {
      for example in command.examples {
        let words = shellWords(example)
        #expect(words.first == "assay")
        let owner = CommandTable.all.filter { words.dropFirst().starts(with: $0.path) }
          .max { $0.path.count < $1.path.count }
        let used = try #require(owner, "\(example)")
        _ = try Arguments(parsing: Array(words.dropFirst(1 + used.path.count)), for: used)
      }
    }
  }

  @Test("Names are unique, and no option shadows a common one")
  func namesAreUnique() {
    let names = CommandTable.all.map(\.name)
    #expect(Set(names).count == names.count)
    let common = Set((Option.common + Option.connection).map(\.name))
    for command in CommandTable.all {
      let options = command.options.map(\.name)
      #expect(Set(options).count == options.count, "\(command.name)")
      #expect(common.isDisjoint(with: options), "\(command.name)")
    }
  }

  @Test("Without a command, with a noun alone or with a wrong word the exit code is 2")
  func usageErrors() async {
    for words in [[], ["run"], ["run", "strat"], ["sumbit"], ["quote", "--pflop", "1"]] {
      let recorder = Recorder()
      #expect(await recorder.run(words, commands: CommandTable.all) == 2, "\(words)")
      #expect(recorder.out.isEmpty)
      #expect(!recorder.err.isEmpty)
    }
  }

  @Test("A wrong word brings the nearest right one")
  func suggests() async {
    let recorder = Recorder()
    _ = await recorder.run("run", "strat")
    #expect(recorder.err.contains("is start meant?"))
  }

  @Test("With --json a usage error is a JSON object")
  func jsonErrors() async throws {
    let recorder = Recorder()
    #expect(await recorder.run("quote", "--json") == 2)
    let object = try JSONSerialization.jsonObject(with: Data(recorder.err.utf8))
    let error = (object as? [String: Any])?["error"] as? [String: Any]
    #expect(error?["status"] as? String == "USAGE")
  }

  @Test("A gateway that is not there is a refusal, and the key is never printed")
  func unreachable() async {
    let recorder = Recorder(environment: ["HOME": "/nonexistent"])
    let code = await recorder.run(
      "whoami", "--endpoint", "127.0.0.1:1", "--key", "assay_secret_key", "--timeout", "5")
    #expect(code == 1)
    #expect(recorder.err.contains("127.0.0.1:1"))
    #expect(recorder.err.contains("Connection refused"))
    #expect(!recorder.err.contains("secret"))
  }

  @Test("Flags come before the environment, the environment before the profile")
  func precedence() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/profile.json"
    try Profile(endpoint: "p.example:1", key: "pk", ca: "/p.pem").save(path)
    let whoAmI = try #require(CommandTable.all.first { $0.name == "whoami" })
    func options(_ words: [String], _ environment: [String: String]) throws -> ConnectionOptions {
      try ConnectionOptions(
        Arguments(parsing: words, for: whoAmI), environment: environment,
        console: Recorder().console)
    }
    let profile = ["ASSAY_PROFILE": path]
    #expect(try options([], profile).endpoint == "p.example:1")
    #expect(try options([], profile).key == "pk")
    let environment = profile.merging(["ASSAY_ENDPOINT": "e.example:2", "ASSAY_KEY": "ek"]) { $1 }
    #expect(try options([], environment).endpoint == "e.example:2")
    #expect(try options([], environment).key == "ek")
    let flags = ["--endpoint", "f.example:3", "--key", "fk", "--ca", "/f.pem"]
    #expect(try options(flags, environment).endpoint == "f.example:3")
    #expect(try options(flags, environment).key == "fk")
    #expect(try options(flags, environment).ca == "/f.pem")
    #expect(try options([], ["HOME": "/nonexistent"]).endpoint == "127.0.0.1:7443")
    #expect(throws: UsageError.self) { try options(["--endpoint", "nowhere"], profile) }
  }

  @Test("A profile is written with mode 0600, and one that others may read is refused")
  func profileMode() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/sub/profile.json"
    let profile = Profile(endpoint: "h:1", key: "k", ca: nil)
    try profile.save(path)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try Profile.load(path) == profile)
    #expect(chmod(path, 0o644) == 0)
    #expect(throws: CommandFailure.self) { try Profile.load(path) }
  }

  @Test("A key file may end with a line feed, and standard input may stand for it")
  func keyFiles() throws {
    let folder = try TemporaryFolder()
    let file = try folder.file("a.key", "assay_x\n")
    let whoAmI = try #require(CommandTable.all.first { $0.name == "whoami" })
    let recorder = Recorder(input: " assay_y \n")
    for (name, key) in [(file, "assay_x"), ("-", "assay_y")] {
      let options = try ConnectionOptions(
        Arguments(parsing: ["--key-file", name], for: whoAmI), environment: ["HOME": folder.path],
        console: recorder.console)
      #expect(options.key == key)
    }
  }

  /// A command line's words, as far as the examples need: quotes, and lines joined by a backslash.
  private func shellWords(_ line: String) -> [String] {
    var words: [String] = []
    var word: String?
    var isQuoted = false
    for character in line.replacing("\\\n", with: " ") {
      switch character {
      case "\"": (isQuoted, word) = (!isQuoted, word ?? "")
      case " " where !isQuoted:
        if let whole = word { words.append(whole) }
        word = nil
      default: word = (word ?? "") + String(character)
      }
    }
    if let whole = word { words.append(whole) }
    return Array(words.prefix { $0 != ">" })
  }
}
