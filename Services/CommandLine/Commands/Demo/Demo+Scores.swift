import API
import Metrics

// What the demonstration compares of scores: the one part of it that is not counted in integers.

extension Demo {
  /// The server's scores, and the same computed here, with the expected ones.
  func compare(
    _ submission: EvaluationSubmission, _ predictions: String, _ useCase: DemoUseCase,
    _ tenant: String, _ expected: DemoExpectation
  ) throws {
    for (name, value) in expected.participants[tenant] ?? [:] {
      let (id, parameters) = DemoExpectation.metric(name)
      let what = "\(useCase.folder) \(tenant) \(name)"
      if (id, parameters) == (useCase.metric, useCase.parameters) {
        findings.score(what, submission.primary?.value, expected: value)
      } else if parameters.isEmpty {
        // Further scores have default parameters, so f1_macro is not among them.
        let further = submission.further.first { $0.metric == id }
        findings.score(what, further?.value, expected: value)
      }
      let local = try local(id, parameters, predictions, useCase, expected.task)
      findings.score("\(what), computed here", local, expected: value)
    }
  }

  private func local(
    _ metric: String, _ parameters: [String], _ predictions: String, _ useCase: DemoUseCase,
    _ task: String
  ) throws -> Double? {
    guard let task = MetricTask(name: task) else { return nil }
    var request = LocalScores.Request(
      task: task, truth: folder(useCase) + "/truth.csv", predictions: predictions)
    request.metrics = [metric]
    for pair in parameters.map({ $0.split(separator: "=") }) where pair.count == 2 {
      request.parameters[String(pair[0])] = String(pair[1])
    }
    return try LocalScores(request).scores.first?.value
  }

  func checkBoard(
    _ useCase: DemoUseCase, _ id: String, _ expected: DemoExpectation, _ vendors: [DemoVendor]
  ) async throws {
    let answer = try await shell.run(["leaderboard", id], as: DemoPlan.organiser.tenant)
    let board: EvaluationGetLeaderboardResponse = try message(answer)
    let isHigherBetter = board.direction == "higher"
    let ranking = vendors.map(\.person.tenant).sorted {
      let left = expected.primary($0, of: useCase) ?? .nan
      let right = expected.primary($1, of: useCase) ?? .nan
      return isHigherBetter ? left > right : left < right
    }
    findings.check(
      board.entries.map(\.participantName) == ranking
        && board.entries.map(\.rank) == (0..<ranking.count).map { Int32($0 + 1) },
      "\(useCase.folder): the leaderboard is not in the order \(ranking.joined(separator: ", "))")
    for entry in board.entries {
      findings.score(
        "\(useCase.folder) leaderboard \(entry.participantName)", entry.score,
        expected: expected.primary(entry.participantName, of: useCase))
    }
    boards.append((useCase, id, expected.task, answer))
  }
}
