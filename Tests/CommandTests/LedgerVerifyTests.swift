import Testing

@testable import Commands

@Suite("Verification of a file that is no ledger")
struct LedgerVerifyTests {
  @Test(
    "it is refused, and never called sound",
    arguments: [
      ("", "there is nothing to verify"), ("\n", "line 1: it is no exported entry"),
      ("hello", "line 1: it is cut off"), ("hello\n", "line 1: it is no exported entry"),
      ("id,label\na,x\n", "line 1: it is no exported entry"),
      ("[]\n", "line 1: it is no exported entry"), ("{}\n", "does not fit"),
      ("{\"name\": \"x\"}\n", "does not fit"),
    ])
  func refused(text: String, reason: String) async throws {
    let folder = try TemporaryFolder()
    let recorder = Recorder()
    let code = await recorder.run(
      ["ledger", "verify", try folder.file("ledger.jsonl", text)], commands: CommandTable.all)
    #expect(code == 1)
    #expect(recorder.err.contains(reason), "\(recorder.err)")
    #expect(recorder.out.isEmpty)
  }
}
