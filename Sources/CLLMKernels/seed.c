#include "CLLMKernels.h"
