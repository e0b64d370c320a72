print("llmgen")
