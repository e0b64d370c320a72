import LLMDialects
import Testing
