import API
import Testing

@testable import Commands

@Suite("Command lines")
struct ArgumentTests {
  private let command = Command(
    "thing make", "Make a thing",
    arguments: [
      Argument("NAME", "its name"), Argument("REST", "more", required: false, repeats: true),
    ],
    options: [
      Option("size", "N", "how large"), Option("tag", "TEXT", "a word", repeats: true),
      Option("kind", "KIND", "which", choices: ["small", "large"]),
      Option(flag: "fast", "be quick"),
    ], examples: ["assay thing make x"], connects: false
  ) { _ in Answer(text: "", json: "{}") }

  private func parse(_ words: String...) throws -> Arguments {
    try Arguments(parsing: words, for: command)
  }

  @Test("Options may stand before and after arguments, with a space or an equals sign")
  func readsOptions() throws {
    let arguments = try parse("--size", "3", "name", "--kind=large", "--fast", "a", "b")
    #expect(arguments.argument("NAME") == "name")
    #expect(arguments.argumentList("REST") == ["a", "b"])
    #expect(arguments["size"] == "3")
    #expect(arguments["kind"] == "large")
    #expect(arguments.has("fast"))
    #expect(try arguments.integer("size", in: 1...9) == 3)
  }

  @Test("After two dashes everything is an argument, and a negative number always is")
  func readsArguments() throws {
    #expect(try parse("--", "--size").argument("NAME") == "--size")
    #expect(try parse("-3").argument("NAME") == "-3")
    #expect(try parse("-").argument("NAME") == "-")
  }

  @Test("A value that begins with a dash is still the option's value")
  func readsDashedValues() throws {
    #expect(try parse("x", "--size", "-5")["size"] == "-5")
  }

  @Test("An option that repeats keeps all its values, in order")
  func keepsRepeats() throws {
    #expect(try parse("x", "--tag", "a", "--tag", "b,c").list("tag") == ["a", "b,c"])
    #expect(try parse("x", "--tag", "a", "--tag", "b,c").separated("tag") == ["a", "b", "c"])
  }

  @Test(
    "What is wrong with a command line is said by name",
    arguments: [
      (["x", "--sise", "3"], "unknown option --sise; is --size meant?"),
      (["x", "-z"], "unknown option -z"), (["x", "--size"], "--size needs a value: N"),
      (["x", "--size", "1", "--size", "2"], "--size N is given twice"),
      (["x", "--fast=yes"], "--fast takes no value"),
      (["x", "--kind", "huge"], "--kind \"huge\": expected one of small, large"),
      ([], "NAME is missing: its name"),
    ])
  func refuses(words: [String], message: String) {
    #expect(throws: UsageError(message, command: "thing make")) {
      try Arguments(parsing: words, for: command)
    }
  }

  @Test("Help needs nothing else")
  func allowsHelpAlone() throws {
    #expect(try parse("--help").has("help"))
    #expect(try parse("-h").has("help"))
  }

  @Test("A number out of range is refused with the range")
  func checksRanges() throws {
    let arguments = try parse("x", "--size", "12")
    #expect(
      throws: UsageError(
        "--size \"12\": expected a whole number from 1 to 9", command: "thing make")
    ) { try arguments.integer("size", in: 1...9) }
  }

  @Test("NAME=VALUE pairs keep further equals signs, and a name only once")
  func readsPairs() throws {
    #expect(try parse("x", "--tag", "a=b=c", "--tag", "d=").pairs("tag") == ["a": "b=c", "d": ""])
    let twice = try parse("x", "--tag", "a=1", "--tag", "a=2")
    #expect(throws: UsageError.self) { try twice.pairs("tag") }
    let bare = try parse("x", "--tag", "a")
    #expect(throws: UsageError.self) { try bare.pairs("tag") }
  }

  @Test("A form takes only what was given, and says which fields those are")
  func fillsForm() throws {
    let create = try #require(CommandTable.all.first { $0.name == "use-case create" })
    let arguments = try Arguments(
      parsing: [
        "--title", "T", "--task", "tabular-classification", "--metric", "f1", "--param",
        "average=macro", "--participants", "10", "--pflop", "0.5", "--end", "2026-12-31",
      ], for: create)
    var content = CatalogUseCaseContent(privacy: .public)
    let mask = try UseCaseForm.apply(arguments, to: &content)
    #expect(mask == ["title", "task", "metric", "budget", "end_time"])
    #expect(content.privacy == .public)
    #expect(content.task == .tabularClassification)
    #expect(content.metric?.parameters == ["average": "macro"])
    #expect(content.budget == CatalogComputeBudget(participants: 10, gflopEach: 500_000))
  }

  @Test("Another metric drops the parameters of the one before")
  func replacesMetric() throws {
    let update = try #require(CommandTable.all.first { $0.name == "use-case update" })
    var content = CatalogUseCaseContent(
      metric: CatalogMetricChoice(metric: "f1", parameters: ["average": "macro"]))
    let arguments = try Arguments(parsing: ["uc_x", "--metric", "mcc"], for: update)
    _ = try UseCaseForm.apply(arguments, to: &content)
    #expect(content.metric == CatalogMetricChoice(metric: "mcc"))
  }
}
