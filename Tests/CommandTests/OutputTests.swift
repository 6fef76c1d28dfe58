import RPC
import Testing

@testable import Commands

@Suite("What commands print")
struct OutputTests {
  @Test("Tables align, numbers to the right")
  func alignsTables() {
    var table = Table(["name", "#score", "note"])
    table.add(["aurora-labs", "0.5", "x"])
    table.add(["b", "10.25", ""])
    #expect(
      table.text == """
        NAME         SCORE  NOTE
        aurora-labs    0.5  x
        b            10.25
        """)
  }

  @Test("CSV quotes what needs it and names columns for programs")
  func writesCSV() {
    var table = Table(["use case", "#EUR"])
    table.add(["a, \"b\"\nc", "1.04"])
    #expect(table.csv == "use_case,eur\n\"a, \"\"b\"\"\nc\",1.04\n")
  }

  @Test(
    "CSV keeps a spreadsheet from taking another tenant's text for a formula",
    arguments: ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=\u{301}1", "＝1", "-"])
  func guardsFormulas(text: String) {
    let csv = Table(["title"], [text], { [$0] }).csv
    #expect(csv.hasPrefix("title\n'") || csv.hasPrefix("title\n\"'"), "\(csv)")
    #expect(csv.contains("'" + text), "\(csv)")
  }

  @Test("CSV leaves numbers and all other text as they are")
  func guardsNothingElse() {
    var table = Table(["score", "#EUR", "note"])
    table.add(["-0.25", "-1.04", "a=1"])
    table.add(["+1e-3", "–", "'quoted"])
    #expect(table.csv == "score,eur,note\n-0.25,-1.04,a=1\n+1e-3,–,'quoted\n")
  }

  @Test("Text from a server cannot move the cursor or reorder the line")
  func cleansText() {
    #expect(Printable.text("a\u{1B}[2Jb\u{202E}c") == "a\u{FFFD}[2Jb\u{FFFD}c")
    #expect(Printable.text("Straße – 数字") == "Straße – 数字")
  }

  @Test("Facts leave out what is empty")
  func showsFacts() {
    var facts = Facts()
    facts.add("a", "1")
    facts.add("long", "")
    facts.add("bc", "2")
    #expect(facts.text == "a:  1\nbc: 2")
  }

  @Test("A refusal shows the status and the place of each fault, and exits with 1")
  func showsRefusal() {
    let error = RPCError.invalidArgument(
      "2 rows are at fault",
      violations: [
        FieldViolation(field: "truth.csv", description: "no id", line: 3, column: 1),
        FieldViolation(field: "title", description: "is empty"),
      ])
    let failure = Failure(error)
    #expect(failure.exitCode == 1)
    #expect(
      failure.text == """
        assay: INVALID_ARGUMENT: 2 rows are at fault
          truth.csv:3:1: no id
          title: is empty

        """)
    #expect(
      failure.json == """
        {"error":{"status":"INVALID_ARGUMENT","message":"2 rows are at fault",\
        "violations":["truth.csv:3:1: no id","title: is empty"]}}

        """)
  }

  @Test("What the list of faults says is not said twice")
  func saysFaultsOnce() {
    let one = RPCError.invalidField("title", "is empty")
    #expect(Failure(one).text == "assay: INVALID_ARGUMENT: title: is empty\n")
    let two = RPCError.invalidArgument(
      "2 fields are at fault: title: is empty; task: is missing",
      violations: [
        FieldViolation(field: "title", description: "is empty"),
        FieldViolation(field: "task", description: "is missing"),
      ])
    #expect(
      Failure(two).text == """
        assay: INVALID_ARGUMENT: 2 fields are at fault
          title: is empty
          task: is missing

        """)
  }

  @Test("A limit names itself, its setting and when to try again")
  func showsLimits() {
    let error = RPCError.resourceExhausted(
      "too many",
      limit: LimitExceeded(name: "submissions per day", limit: 5, actual: 6, setting: "--per-day"),
      retryAfterMilliseconds: 1500)
    #expect(
      Failure(error).text == """
        assay: RESOURCE_EXHAUSTED: too many
        Limit: submissions per day is 5, this would be 6, set by --per-day
        Try again in 2 s

        """)
  }

  @Test("A progress bar is drawn on a terminal only, and once a percent")
  func drawsBar() {
    let recorder = Recorder()
    let plain = ProgressBar("a.csv", total: 200, console: recorder.console)
    plain.update(100)
    #expect(recorder.err.isEmpty)
    let terminal = Console(
      out: { _ in }, err: recorder.console.err, isInteractive: true, readInput: { [] })
    let bar = ProgressBar("a.csv", total: 1000, console: terminal)
    bar.update(500)
    bar.update(501)
    #expect(recorder.err.hasPrefix("\ra.csv  [###############···············] 50 %"))
    #expect(recorder.err.split(separator: "\r").count == 1)
  }
}
