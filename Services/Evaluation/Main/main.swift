import EvaluationService
import ServiceKit

ServiceMain.run(EvaluationServiceProgram.self)
