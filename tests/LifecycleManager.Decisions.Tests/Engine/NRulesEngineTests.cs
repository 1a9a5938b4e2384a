#if NRULES
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.NRules;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>Compiled and run with <c>-p:RuleEngine=NRules</c>.</summary>
public sealed class NRulesEngineTests : RuleEngineContract
{
    protected override IRuleEngine Create() => new NRulesEngine();
}
#endif
