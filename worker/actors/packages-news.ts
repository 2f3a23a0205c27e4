/** Where a worker says to the tabs of an app, whether they host anything or not, that there are actors of packages. */
export const packagesNews = (appId: string) => `daprlet:actors-of-packages:${appId}`;
