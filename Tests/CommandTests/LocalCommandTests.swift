import Foundation
import Testing

@testable import Commands

@Suite("Commands without a server")
struct LocalCommandTests {
  private struct Scores: Decodable {
    struct Score: Decodable {
      let metric: String
      let value: Double?
    }
    let task: String
    let rows: Int
    let scores: [Score]
  }

  @Test("Every sample scores as its reference library says", arguments: DemoPlan.useCases)
  func scoresSamples(useCase: DemoUseCase) async throws {
    let folder = "\(Samples.folder)/\(useCase.folder)"
    let expected = try DemoExpectation(folder: folder)
    for (participant, scores) in expected.participants {
      for (name, value) in scores {
        let (id, parameters) = DemoExpectation.metric(name)
        var words = [
          "score", "--task", expected.task, "--truth", folder + "/truth.csv", "--predictions",
          "\(folder)/\(participant).csv", "--metric", id, "--json",
        ]
        for parameter in parameters { words += ["--param", parameter] }
        let recorder = Recorder()
        #expect(await recorder.run(words, commands: CommandTable.all) == 0)
        let answer = try JSONDecoder().decode(Scores.self, from: Data(recorder.out.utf8))
        let score = try #require(answer.scores.first?.value)
        #expect(abs(score - value) <= 1e-9, "\(useCase.folder) \(participant) \(name)")
      }
    }
  }

  @Test(
    "A file at fault is refused with file, line and column",
    arguments: [
      ("id,label\na,x\n,y\n", "p.csv:3:1: "), ("id,label\na,x\na,y\n", "p.csv:3:1: "),
      ("id,label\na,x\nb,z\n", "p.csv:3:2: "),
      ("id,label,x,y\na,x,nan,0.5\nb,y,0.5,0.5\n", "p.csv:2:3: "),
    ])
  func refusesFaults(predictions: String, place: String) async throws {
    let folder = try TemporaryFolder()
    let truth = try folder.file("t.csv", "id,label\na,x\nb,y\n")
    let file = try folder.file("p.csv", predictions)
    let recorder = Recorder()
    let code = await recorder.run(
      "score", "--task", "tabular-classification", "--truth", truth, "--predictions", file)
    #expect(code == 1)
    #expect(recorder.err.contains(place), "\(recorder.err)")
    #expect(recorder.out.isEmpty)
  }

  @Test("A list of no classes is refused", arguments: ["", ",", ",,"])
  func refusesNoClasses(classes: String) async throws {
    let folder = try TemporaryFolder()
    let truth = try folder.file("t.csv", "id,label\na,x\nb,y\n")
    let recorder = Recorder()
    let code = await recorder.run(
      "score", "--task", "tabular-classification", "--truth", truth, "--predictions", truth,
      "--classes", classes)
    #expect(code == 2)
    #expect(
      recorder.err.contains("expected the names of the classes, such as cat,dog"),
      "\(recorder.err)")
  }

  @Test("A metric or parameter that does not exist is refused with what there is")
  func refusesUnknownMetrics() async throws {
    let folder = try TemporaryFolder()
    let truth = try folder.file("t.csv", "id,target\na,1\nb,2\n")
    let file = try folder.file("p.csv", "id,prediction\na,1\nb,2\n")
    let words = [
      "score", "--task", "tabular-regression", "--truth", truth, "--predictions", file,
    ]
    let recorder = Recorder()
    #expect(await recorder.run(words + ["--metric", "f1"], commands: CommandTable.all) == 1)
    #expect(recorder.err.contains("rmse"))
    #expect(await recorder.run(words + ["--param", "x=1"], commands: CommandTable.all) == 1)
    #expect(recorder.err.contains("\"x\""))
  }

  @Test("The catalogue lists each task's metrics and explains one")
  func listsMetrics() async {
    let recorder = Recorder()
    #expect(await recorder.run("metrics", "--task", "tabular-regression", "--csv") == 0)
    #expect(recorder.out.hasPrefix("task,metric,title,best,range,parameters\n"))
    #expect(recorder.out.contains("tabular-regression,rmse,"))
    #expect(await recorder.run("metrics", "c-index") == 0)
    #expect(recorder.out.contains("time-to-event-prediction"))
    #expect(await recorder.run("metrics", "nonsense") == 1)
    #expect(await recorder.run("metrics", "--task", "nonsense") == 2)
  }
}
