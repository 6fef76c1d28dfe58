extension MetricsCatalogue {
  /// The catalogue as a document: what `METRICS.md` holds.
  public static func markdown() -> String {
    var lines = [
      "# Metrics", "",
      "Generated from the catalogue (`Services/Evaluation/Metrics`); do not edit. Made by",
      "`ASSAY_WRITE_DOCS=1 swift test --filter MetricsDocumentTests`.", "",
      "A result is a finite number, a list of them (one per class), or `undefined` with a reason;",
      "an undefined result is shown, never ranked. Every row is version 1 unless it says so.",
    ]
    for task in MetricTask.allCases {
      let rows = metrics(for: task)
      lines += ["", "## \(task.title) (`\(task.name)`)", ""]
      lines += ["| metric | id | meaning | better | range | inputs |", "|---|---|---|---|---|---|"]
      lines += rows.map(row)
      lines += ["", "Parameters:", ""]
      lines += parameterLines(rows)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func row(_ metric: MetricDescription) -> String {
    let version = metric.version == 1 ? "" : " (version \(metric.version))"
    let inputs = metric.inputs.map { "`\($0.rawValue)`" }.joined(separator: ", ")
    let cells = [
      metric.title + version, "`\(metric.id)`", metric.summary, metric.ranking,
      metric.range.description, inputs,
    ]
    return "| " + cells.joined(separator: " | ") + " |"
  }

  /// One line per distinct parameter, with the rows that take it.
  private static func parameterLines(_ rows: [MetricDescription]) -> [String] {
    var order: [ParameterDescription] = []
    var takers: [ParameterDescription: [String]] = [:]
    for row in rows {
      for parameter in row.parameters {
        if takers[parameter] == nil { order.append(parameter) }
        takers[parameter, default: []].append("`\(row.id)`")
      }
    }
    guard !order.isEmpty else { return ["none."] }
    return ["| parameter | of | meaning | values | default |", "|---|---|---|---|---|"]
      + order.map { parameter in
        let cells = [
          "`\(parameter.name)`", (takers[parameter] ?? []).joined(separator: ", "),
          parameter.summary, parameter.expectation, parameter.defaultValue?.description ?? "–",
        ]
        return "| " + cells.joined(separator: " | ") + " |"
      }
  }
}
