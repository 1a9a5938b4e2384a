using LifecycleManager.Scheduler.Api;

namespace LifecycleManager.Scheduler.Tests.Api;

public sealed class PathTemplateTests
{
    [Theory]
    [InlineData("/v2/apps", "/v2/apps/", "")]
    [InlineData("/v2/apps", "/v2/apps/a", null)]
    [InlineData("/v2/apps/{**id}", "/v2/apps/a//b/", "id=a/b")]
    [InlineData("/v2/apps/{**id}", "/v2/apps", null)]
    [InlineData("/v2/apps/{**id}/tasks", "/v2/apps/tasks", null)]
    [InlineData("/v2/apps/{**id}/tasks", "/v2/apps/tasks/tasks", "id=tasks")]
    [InlineData("/v2/apps/{**id}/tasks/{task}", "/v2/apps/a/b/tasks/t", "id=a/b task=t")]
    [InlineData("/v2/deployments/{id}", "/v2/deployments/a/b", null)]
    [InlineData("/v2/pods::status", "/v2/pods::status", "")]
    [InlineData("/v2/pods::status", "/v2/pods/::status", "")]
    [InlineData("/v2/pods/{**id}::versions/{version}", "/v2/pods/a/b::versions/v", "id=a/b version=v")]
    [InlineData("/v2/pods/{**id}::status", "/v2/pods/a::b::status", "id=a::b")]
    public void A_path_is_matched_with_its_parameters(string template, string path, string? parameters) => Assert.Equal(
        parameters,
        new PathTemplate(template).Match(PathTemplate.Split(path)) is { } values
            ? string.Join(' ', values.OrderBy(value => value.Key, StringComparer.Ordinal)
                .Select(value => $"{value.Key}={value.Value}"))
            : null);
}
