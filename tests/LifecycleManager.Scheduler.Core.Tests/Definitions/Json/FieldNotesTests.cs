using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Tests.Definitions.Json;

public sealed class FieldNotesTests
{
    [Theory]
    [InlineData("tasks", true, null)]
    [InlineData("lastTaskFailure", true, null)]
    [InlineData("versionInfo", true, null)]
    [InlineData("instances", false, null)]
    [InlineData("storeUrls", false, "is not supported, as in Marathon since 1.5: name the files in 'fetch'")]
    [InlineData("taskRateLimit", false,
        "is not supported, as in Marathon since 0.7: see 'backoffSeconds' and 'backoffFactor'")]
    public void A_field_of_apps_is_of_answers_or_gone_or_neither(string name, bool isOfAnswers, string? why)
    {
        Assert.Equal(isOfAnswers, FieldNotes.IsOfAnswers(typeof(App), name));
        Assert.Equal(why, FieldNotes.WhyUnsupported(typeof(App), name));
        Assert.False(FieldNotes.IsOfAnswers(typeof(Pod), name));
        Assert.Null(FieldNotes.WhyUnsupported(typeof(Pod), name));
    }

    [Theory]
    [InlineData("storeUrls", "null", true)]
    [InlineData("storeUrls", "[]", true)]
    [InlineData("storeUrls", """["a"]""", false)]
    [InlineData("anything", "null", true)]
    [InlineData("anything", "[]", false)]
    public void Nulls_and_empty_lists_of_what_is_gone_say_nothing(string name, string value, bool isNothing)
    {
        using var json = JsonDocument.Parse(value);
        Assert.Equal(isNothing, FieldNotes.SaysNothing(typeof(App), name, json.RootElement));
    }
}
