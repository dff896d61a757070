internal import Platform

typealias Failure = CommandLineTool.Failure
typealias ExitStatus = CommandLineTool.ExitStatus
